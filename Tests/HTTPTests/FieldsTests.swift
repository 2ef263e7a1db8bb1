import HTTP
import Testing

struct FieldsTests {
    private let fields: Fields = ["Accept": "a", "X-Y": "1", "accept": "b"]

    @Test func `names compare without regard to case and the first value is found`() {
        #expect(fields["ACCEPT"] == "a")
        #expect(fields["x-y"] == "1")
        #expect(fields["x"] == nil)
        #expect(fields.contains("X-y"))
    }

    @Test func `lines keep their order and their case`() {
        #expect(fields.map(\.name) == ["Accept", "X-Y", "accept"])
        #expect(fields.values(of: "accept") == ["a", "b"])
    }

    @Test func `setting replaces every line of that name`() {
        var fields = fields
        fields.set("ACCEPT", "c")
        #expect(fields == ["X-Y": "1", "Accept": "c"])
        fields.remove("x-y")
        #expect(fields.count == 1)
    }

    @Test func `letters are all that case is ignored in`() {
        let fields: Fields = ["x[": "1"]
        #expect(fields["x{"] == nil)
        #expect(fields["X["] == "1")
    }

    @Test func `a value keeps octets that are not UTF-8`() {
        var fields = Fields()
        fields.append(name: Array("X".utf8), value: [0xe9, 0x20, 0xff])
        #expect(fields.isValid)
        #expect(Array(fields.octets(at: 0)) == [0xe9, 0x20, 0xff])
    }
}
