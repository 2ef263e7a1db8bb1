import Store

/// Why an archive is refused: what is wrong with which member, and where in the archive it begins.
struct TarError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, as a sentence without its end.
    let reason: String
    /// The member's name, as far as it is known.
    let member: String?
    /// Where the member's header begins in the unpacked archive, in bytes.
    let offset: Int

    /// The reason, with its place.
    var description: String {
        let name = member.map { "member '\($0)' " } ?? ""
        return "\(name)at byte \(offset): \(reason)"
    }
}

/// Reads archives in the formats of POSIX (ustar, and pax for long names) and of GNU tar.
///
/// Nothing is ever written to a file system. Only files and directories are taken: links, devices, paths that lead
/// elsewhere, and members that stand twice are refused. POSIX.1-2017, "pax", Extended Description
struct TarReader {
    /// How much an archive may hold.
    struct Limits {
        /// Files and directories.
        var memberCountMax = 4096
        /// The bytes of a path.
        var pathBytesMax = 512
        /// The components of a path.
        var depthMax = 32
    }

    private static let blockSize = 512

    private let bytes: [UInt8]
    private let limits: Limits
    private var offset = 0
    private var memberOffset = 0
    private var files: [StoredFile] = []
    /// All paths seen, and whether they are files.
    private var seen: [String: Bool] = [:]
    private var memberCount = 0
    /// What an extended header says of the next member.
    private var nextPath: String?
    private var nextSize: Int?

    /// Reads all files of an archive, in its order.
    static func files(
        of archive: [UInt8],
        limits: Limits = Limits()
    ) throws(TarError) -> [StoredFile] {
        var reader = TarReader(archive, limits)
        try reader.read()
        return reader.files
    }

    private init(_ bytes: [UInt8], _ limits: Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    private mutating func read() throws(TarError) {
        while true {
            memberOffset = offset
            let header = try take(Self.blockSize)
            if header.allSatisfy({ $0 == 0 }) { break }
            try readMember(header)
        }
        guard nextPath == nil, nextSize == nil else {
            throw failure("an extended header is not followed by a member", nil)
        }
        guard try take(Self.blockSize).allSatisfy({ $0 == 0 }) else {
            throw failure("one block of zeros is not followed by a second", nil)
        }
        guard bytes[offset...].allSatisfy({ $0 == 0 }) else {
            throw failure("there is data after the archive's end", nil)
        }
    }

    private func failure(_ reason: String, _ member: String?) -> TarError {
        TarError(reason: reason, member: member, offset: memberOffset)
    }

    private mutating func take(_ count: Int) throws(TarError) -> ArraySlice<UInt8> {
        guard count <= bytes.count - offset else {
            throw failure("the archive ends too early", nil)
        }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    /// The content of a member, whose last block is filled up.
    private mutating func takeContent(
        _ byteCount: Int,
        _ member: String
    ) throws(TarError) -> ArraySlice<UInt8> {
        guard byteCount <= bytes.count - offset else {
            throw failure(
                "it has \(byteCount) bytes, and the archive ends after \(bytes.count - offset)",
                member
            )
        }
        let content = try take(byteCount)
        let rest = (Self.blockSize - byteCount % Self.blockSize) % Self.blockSize
        _ = try take(rest)
        return content
    }

    // MARK: - Members

    private mutating func readMember(_ header: ArraySlice<UInt8>) throws(TarError) {
        let header = Array(header)
        let rawName = Self.text(header[0..<100])
        try checkSum(header, rawName)
        let magic = header[257..<263]
        let isPOSIX = magic.elementsEqual("ustar\0".utf8)
        guard isPOSIX || magic.elementsEqual("ustar ".utf8) else {
            throw failure("it is in no format that is supported: ustar, pax or GNU", rawName)
        }
        let prefix = isPOSIX ? Self.text(header[345..<500]) : ""
        let name = nextPath ?? (prefix.isEmpty ? rawName : prefix + "/" + rawName)
        let type = header[156]
        switch type {
        case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"):
            try readExtension(type, try size(header[124..<136], name), name)
            return
        case UInt8(ascii: "0"), 0, UInt8(ascii: "5"): break
        case UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "K"):
            throw failure("it is a link: only files and directories are allowed", name)
        case UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"):
            throw failure("it is a device: only files and directories are allowed", name)
        default:
            let kind = Self.text([type][...])
            throw failure("it is of type '\(kind)': only files and directories are allowed", name)
        }
        var byteCount = try size(header[124..<136], name)
        if let nextSize { byteCount = nextSize }
        (nextPath, nextSize) = (nil, nil)
        memberCount += 1
        guard memberCount <= limits.memberCountMax else {
            throw failure("there are more than \(limits.memberCountMax) members", name)
        }
        let isDirectory = type == UInt8(ascii: "5") || (type == 0 && name.hasSuffix("/"))
        guard let path = try path(name, isDirectory: isDirectory) else { return }
        guard !isDirectory else {
            guard byteCount == 0 else { throw failure("it is a directory with content", name) }
            return
        }
        let content = try takeContent(byteCount, name)
        files.append(StoredFile(path: path, bytes: Array(content)))
    }

    private func checkSum(_ header: [UInt8], _ name: String) throws(TarError) {
        var sum = 0
        for (index, byte) in header.enumerated() {
            // The sum counts its own field as spaces.
            sum += (148..<156).contains(index) ? 0x20 : Int(byte)
        }
        guard Self.octal(header[148..<156]) == sum else {
            throw failure("its checksum is wrong: this is no tar archive, or a damaged one", name)
        }
    }

    private func size(_ field: ArraySlice<UInt8>, _ name: String) throws(TarError) -> Int {
        guard let size = Self.octal(field) else {
            throw failure("its size is not an octal number", name)
        }
        return size
    }

    /// Reads what a header says of the next member, or of all.
    private mutating func readExtension(
        _ type: UInt8,
        _ byteCount: Int,
        _ name: String
    ) throws(TarError) {
        guard nextPath == nil, nextSize == nil || type == UInt8(ascii: "L") else {
            throw failure("two extended headers follow one another", name)
        }
        let content = try takeContent(byteCount, name)
        if type == UInt8(ascii: "L") {
            nextPath = Self.text(content)
            return
        }
        var rest = content
        while !rest.isEmpty {
            let (key, value) = try record(&rest, name)
            switch key {
            case "path" where type == UInt8(ascii: "x"): nextPath = value
            case "size" where type == UInt8(ascii: "x"):
                guard let size = Int(value), size >= 0, String(size) == value else {
                    throw failure("its extended header has the size '\(value)'", name)
                }
                nextSize = size
            case "path", "size":
                throw failure("a header for all members sets '\(key)'", name)
            case _ where key.hasPrefix("GNU.sparse."):
                throw failure("it is a sparse file, which is not supported", name)
            default: continue
            }
        }
    }

    /// A record of an extended header: `LENGTH KEY=VALUE` and a newline, LENGTH counting all of it.
    private func record(
        _ rest: inout ArraySlice<UInt8>,
        _ name: String
    ) throws(TarError) -> (key: String, value: String) {
        let digits = rest.prefix { $0 != UInt8(ascii: " ") }
        guard digits.count < 8, let count = Int(String(decoding: digits, as: UTF8.self)),
            count > digits.count + 1, count <= rest.count
        else { throw failure("its extended header is malformed", name) }
        let record = rest.prefix(count).dropFirst(digits.count + 1)
        rest = rest.dropFirst(count)
        guard record.last == UInt8(ascii: "\n"),
            let equals = record.firstIndex(of: UInt8(ascii: "=")),
            let key = String(validating: record[..<equals], as: UTF8.self),
            let value = String(
                validating: record[(equals + 1)...].dropLast(),
                as: UTF8.self
            )
        else { throw failure("its extended header is malformed", name) }
        return (key, value)
    }

    // MARK: - Paths

    /// Checks a member's name; nil when it is the root.
    private mutating func path(
        _ name: String,
        isDirectory: Bool
    ) throws(TarError) -> String? {
        guard name.utf8.count <= limits.pathBytesMax else {
            throw failure(
                "its path has more than \(limits.pathBytesMax) bytes",
                String(name.prefix(80)) + "…"
            )
        }
        guard !name.contains("\u{FFFD}") else { throw failure("its path is not UTF-8", name) }
        guard !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
            throw failure("its path has a control character", name)
        }
        guard !name.hasPrefix("/") else { throw failure("its path is absolute", name) }
        var parts = name.split(separator: "/", omittingEmptySubsequences: false)
        while parts.first == "." { parts.removeFirst() }
        if isDirectory, parts.last == "" { parts.removeLast() }
        guard !parts.contains("..") else { throw failure("its path has '..' in it", name) }
        if parts.isEmpty, isDirectory { return nil }
        guard !parts.isEmpty, !parts.contains(""), !parts.contains(".") else {
            throw failure("its path has an empty component, or '.'", name)
        }
        guard parts.count <= limits.depthMax else {
            throw failure("its path has more than \(limits.depthMax) components", name)
        }
        try enter(parts, isDirectory: isDirectory, name)
        return parts.joined(separator: "/")
    }

    /// Notes a path, and that those above it are directories.
    private mutating func enter(
        _ parts: [Substring],
        isDirectory: Bool,
        _ name: String
    ) throws(TarError) {
        for count in 1..<parts.count {
            let parent = parts[..<count].joined(separator: "/")
            guard seen.updateValue(false, forKey: parent) != true else {
                throw failure("it lies beneath '\(parent)', which is a file", name)
            }
        }
        let path = parts.joined(separator: "/")
        switch seen.updateValue(!isDirectory, forKey: path) {
        case nil: return
        case false? where isDirectory: return
        case true? where !isDirectory: throw failure("it stands in the archive twice", name)
        default: throw failure("it is both a file and a directory", name)
        }
    }

    // MARK: - Fields

    /// A field's text up to its first NUL; what is no UTF-8 becomes U+FFFD.
    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// A number in octal digits, which spaces and NULs may surround.
    private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
        let rest = field.drop { $0 == 0x20 }.dropFirst(digits.count)
        guard digits.count <= 12, rest.allSatisfy({ $0 == 0x20 || $0 == 0 }) else { return nil }
        var value = 0
        for digit in digits {
            guard (0x30...0x37).contains(digit) else { return nil }
            value = value << 3 | Int(digit - 0x30)
        }
        return value
    }
}
