import Testing

@testable import Store

struct RecordBlockTests {
    private func records(_ count: Int) -> [InvocationRecord] {
        var generator = SystemRandomNumberGenerator()
        var maker = UUIDv7Maker()
        func number() -> Int64 {
            Int64(truncatingIfNeeded: generator.next() as UInt64) >> Int64.random(in: 0...63)
        }
        return (0..<count).map { index in
            var record = makeRecord(index % 3 == 0 ? "foreign \(index)" : maker.next().description)
            record.startedAt = Timestamp(microseconds: number())
            record.queueMicroseconds = number()
            record.totalMicroseconds = number()
            record.fuel = number()
            record.path = "/\(index % 5)"
            record.error = index % 7 == 0 ? "" : nil
            record.traceId =
                [nil, "odd", "4bf92f3577b34da6a3ce929d0e0e4736"][index % 3]
            record.linesTruncated = index % 2 == 0
            record.trapReport = index % 11 == 0 ? "{}" : nil
            record.lines = (0..<index % 4).map { line in
                LogLine(
                    sequence: Int32(line * 3),
                    atMicroseconds: number(),
                    stream: LogStream.allCases[line],
                    text: String(repeating: "ü", count: line)
                )
            }
            return record
        }
    }

    private func pack(_ records: [InvocationRecord]) -> RecordBlockBuilder.Packed {
        var builder = RecordBlockBuilder()
        for (index, record) in records.enumerated() {
            builder.append(record, key: Int64(index) * 3, kind: 1)
        }
        return builder.pack()
    }

    private func unpack(_ packed: RecordBlockBuilder.Packed) throws -> [InvocationRecord] {
        let block = try RecordBlock(packed.records)
        let lines = try packed.lines.map { try LineBlock($0) }
        return (0..<block.count).map { index in
            var record = block.record(at: index, RecordKind(makeRecord("")))
            record.lines = lines?.lines(ofRecord: index) ?? []
            // The report itself is elsewhere.
            record.trapReport = block.hasTrapReport(at: index) ? "{}" : nil
            return record
        }
    }

    @Test(arguments: [1, 2, 100, 1_000])
    func `records come out of a block as they went in`(_ count: Int) throws {
        let records = records(count)
        #expect(try unpack(pack(records)) == records)
    }

    @Test func `blocks that are merged are as one`() throws {
        let records = records(50)
        var builder = RecordBlockBuilder()
        for part in [records[..<20], records[20..<21], records[21...]] {
            let packed = pack(Array(part))
            try builder.append(
                RecordBlock(packed.records),
                packed.lines.map { try LineBlock($0) }
            )
        }
        #expect(try unpack(builder.pack()) == records)
    }

    @Test func `a block's filter knows its identifiers, and few others`() {
        let records = records(1_000)
        let filter = IdentifierFilter(pack(records).identifiers)
        #expect(records.allSatisfy { filter.mayContain($0.identifier) })
        var maker = UUIDv7Maker()
        let strangers = (0..<1_000).filter { _ in
            filter.mayContain(maker.next())
        }
        #expect(strangers.count < 60)
    }

    @Test func `a damaged block is an error, and never a crash`() throws {
        let packed = pack(records(40))
        for end in packed.records.indices {
            #expect(throws: StoreError.damagedBlock) {
                try RecordBlock(Array(packed.records[..<end]))
            }
        }
        // Other values of a byte may make sense: then all must be readable.
        for index in packed.records.indices {
            var bytes = packed.records
            bytes[index] ^= 0x55
            guard let block = try? RecordBlock(bytes) else { continue }
            var builder = RecordBlockBuilder()
            for row in 0..<min(block.count, 100) {
                _ = block.record(at: row, RecordKind(makeRecord("")))
            }
            if block.count < 1_000 { try? builder.append(block, nil) }
        }
        let lines = try #require(packed.lines)
        for index in lines.indices {
            var bytes = lines
            bytes[index] ^= 0x55
            guard let block = try? LineBlock(bytes) else { continue }
            for row in 0..<min(block.count, 100) { _ = block.line(at: row) }
        }
    }
}
