import Store
import Testing

struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (1_700_000_000_123_456, "2023-11-14T22:13:20.123456Z"),
        (951_782_399_000_000, "2000-02-28T23:59:59.000000Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
        (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
    ])
    func `a time is written and read back`(_ row: (Int64, String)) {
        let time = Timestamp(microseconds: row.0)
        #expect(time.description == row.1)
        #expect(Timestamp(rfc3339: row.1) == time)
    }

    @Test(arguments: [
        ("2023-11-14T22:13:20Z", 1_700_000_000_000_000),
        ("2023-11-14t22:13:20z", 1_700_000_000_000_000),
        ("2023-11-14T23:13:20+01:00", 1_700_000_000_000_000),
        ("2023-11-14T16:43:20.5-05:30", 1_700_000_000_500_000),
        ("2023-11-14T22:13:20.123456789Z", 1_700_000_000_123_456),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
    ])
    func `other forms are read`(_ row: (String, Int64)) {
        #expect(Timestamp(rfc3339: row.0) == Timestamp(microseconds: row.1))
    }

    @Test(arguments: [
        "", "2023-11-14", "2023-11-14T22:13:20", "2023-13-14T22:13:20Z", "2023-02-29T00:00:00Z",
        "2023-00-10T00:00:00Z", "2023-01-00T00:00:00Z", "2023-11-14T24:00:00Z",
        "2023-11-14T22:60:00Z", "2023-11-14T22:13:61Z", "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20.1234567890Z", "2023-11-14T22:13:20+1:00", "2023-11-14T22:13:20ZZ",
        "+023-11-14T22:13:20Z", "2023-11-14T22:13:20+24:00",
    ])
    func `what is no time is refused`(_ text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }
}

struct UUIDv7MakerTests {
    @Test func `identifiers have the form of version 7 and hold the time`() throws {
        var maker = UUIDv7Maker()
        let text = maker.next(at: Timestamp(microseconds: 1_700_000_000_123_456)).description
        #expect(text.count == 36)
        #expect(text.hasPrefix("018bcfe5-687b-7"))
        let variant = try #require(text.dropFirst(19).first)
        #expect("89ab".contains(variant))
        #expect(text.allSatisfy { $0 == "-" || ($0.isHexDigit && !$0.isUppercase) })
    }

    @Test func `identifiers increase within a millisecond and when the clock goes back`() {
        var maker = UUIDv7Maker()
        var last = ""
        for step in 0..<20_000 {
            let time = Timestamp(microseconds: step < 10_000 ? 1_000_000 : 0)
            let next = maker.next(at: time).description
            #expect(next > last)
            last = next
        }
    }
}
