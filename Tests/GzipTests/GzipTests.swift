import Gzip
import Testing

struct GzipTests {
    // `printf 'hello' | gzip -n`
    private let hello: [UInt8] = [
        0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x86,
        0xa6, 0x10, 0x36, 0x05, 0, 0, 0,
    ]

    @Test func `a gzip file is unpacked`() throws {
        #expect(try GzipDecoder.unpack(hello, byteCountMax: 5) == Array("hello".utf8))
        #expect(try GzipDecoder.unpack(hello + hello, byteCountMax: 10) == Array("hellohello".utf8))
    }

    @Test func `more than the limit is refused`() {
        #expect(throws: GzipDecoder.Failure.tooLarge) {
            try GzipDecoder.unpack(hello, byteCountMax: 4)
        }
    }

    @Test func `every cut of a file is refused`() {
        for count in 0..<hello.count {
            #expect(throws: GzipDecoder.Failure.malformed) {
                try GzipDecoder.unpack(Array(hello.prefix(count)), byteCountMax: 100)
            }
        }
    }

    @Test func `a damaged file is refused`() {
        var damaged = hello
        damaged[20] ^= 1
        #expect(throws: GzipDecoder.Failure.malformed) {
            try GzipDecoder.unpack(damaged, byteCountMax: 100)
        }
    }

    @Test func `what is packed in pieces is unpacked as a whole, and each piece at once`() throws {
        let encoder = try #require(GzipEncoder())
        let texts = ["a", String(repeating: "hello ", count: 50_000), "", "end"]
        var packed: [UInt8] = []
        for text in texts {
            packed += encoder.pack(Array(text.utf8), isLast: false)
        }
        packed += encoder.pack([], isLast: true)
        let unpacked = try GzipDecoder.unpack(packed, byteCountMax: 1 << 20)
        #expect(unpacked == Array(texts.joined().utf8))
        #expect(packed.count < 5_000)
    }

    @Test func `bytes that do not pack come through`() throws {
        let encoder = try #require(GzipEncoder())
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let packed = encoder.pack(bytes, isLast: true)
        #expect(try GzipDecoder.unpack(packed, byteCountMax: 1 << 20) == bytes)
    }
}
