/// An ordered list of fields (RFC 9110 §5), kept as ranges of one array of octets.
///
/// Names compare without regard to case and keep the case they came with. A string is made only
/// when it is asked for. Values are octets: a string made from one that is not UTF-8 holds
/// replacement characters; `octets(at:)` has the original.
public struct Fields: Sendable {
    /// The octets that `entries` refer to, with others between them.
    var octets: [UInt8]
    var entries: [Entry]

    /// Whether `octets` are the field lines as they are sent in a response: nothing between them, none removed, none
    /// that the encoder would leave out.
    private(set) var areLines: Bool

    /// Whether every name is a token and every value free of control characters except the tab.
    ///
    /// Fields that came from a parser always are. A response whose fields are not is never sent.
    public internal(set) var isValid = true

    struct Entry: Sendable {
        var nameStart: UInt32
        var nameEnd: UInt32
        var valueStart: UInt32
        var valueEnd: UInt32

        var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    }

    /// Makes an empty list.
    public init() {
        octets = []
        entries = []
        areLines = true
    }

    /// Makes an empty list with room for so many field lines of a usual length.
    public init(capacity: Int) {
        octets = []
        entries = []
        areLines = true
        octets.reserveCapacity(capacity * 40)
        entries.reserveCapacity(capacity)
    }

    /// Makes the fields of a head that was parsed; `octets` are all of it.
    init(octets: [UInt8], entries: [Entry]) {
        self.octets = octets
        self.entries = entries
        areLines = false
    }

    /// The number of field lines.
    public var count: Int { entries.count }

    /// Whether there is no field.
    public var isEmpty: Bool { entries.isEmpty }

    /// The name of the field line at `index`, as it was written.
    public func name(at index: Int) -> String {
        String(decoding: octets[entries[index].name], as: UTF8.self)
    }

    /// The octets of the name of the field line at `index`.
    public func nameOctets(at index: Int) -> ArraySlice<UInt8> { octets[entries[index].name] }

    /// The value of the field line at `index`.
    public func value(at index: Int) -> String {
        String(decoding: octets[entries[index].value], as: UTF8.self)
    }

    /// The octets of the value of the field line at `index`.
    public func octets(at index: Int) -> ArraySlice<UInt8> {
        octets[entries[index].value]
    }

    /// The value of the first field line of that name, nil when there is none.
    public subscript(name: String) -> String? {
        firstIndex(of: name).map { value(at: $0) }
    }

    /// The values of all field lines of that name, in order.
    public func values(of name: String) -> [String] {
        entries.indices.filter { isName(at: $0, name) }.map { value(at: $0) }
    }

    /// Whether there is a field line of that name.
    public func contains(_ name: String) -> Bool {
        firstIndex(of: name) != nil
    }

    /// The index of the first field line of that name, nil when there is none.
    public func firstIndex(of name: String) -> Int? {
        for index in entries.indices where isName(at: index, name) { return index }
        return nil
    }

    /// Whether the field line at `index` has that name.
    public func isName(at index: Int, _ name: String) -> Bool {
        equal(entries[index].name, name)
    }

    /// Appends a field line, whatever it contains: see `isValid`.
    public mutating func append(_ name: String, _ value: String) {
        append(name: name.utf8, value: value.utf8)
    }

    /// Appends a field line of octets, whatever it contains: see `isValid`.
    public mutating func append(
        name: some Collection<UInt8>,
        value: some Collection<UInt8>
    ) {
        check(appendLine({ $0.append(contentsOf: name) }, { $0.append(contentsOf: value) }))
    }

    /// Appends a field line whose parts the closures append to what they are given, and nothing else.
    ///
    /// With `replacingOthers`, all others of its name are removed.
    public mutating func append(
        replacingOthers: Bool,
        name writeName: (inout [UInt8]) -> Void,
        value writeValue: (inout [UInt8]) -> Void
    ) {
        let entry = appendLine(writeName, writeValue)
        check(entry)
        guard replacingOthers, let entry, entries.count > 1 else { return }
        let name = name(at: entries.count - 1)
        guard entries.dropLast().contains(where: { equal($0.name, name) }) else { return }
        entries = entries.dropLast().filter { !equal($0.name, name) } + [entry]
        areLines = false
    }

    /// Notes what a new line means for the whole.
    private mutating func check(_ entry: Entry?) {
        guard let entry, isToken(entry.name), isValue(entry.value) else {
            isValid = false
            return
        }
        if isEncoders(entry) { areLines = false }
    }

    /// Appends a line as it is sent; nil, and no entry, when there is too much of it.
    private mutating func appendLine(
        _ writeName: (inout [UInt8]) -> Void,
        _ writeValue: (inout [UInt8]) -> Void
    ) -> Entry? {
        let start = octets.count
        writeName(&octets)
        let nameEnd = octets.count
        octets.append(Octet.colon)
        octets.append(Octet.space)
        writeValue(&octets)
        let end = octets.count
        octets.append(Octet.carriageReturn)
        octets.append(Octet.lineFeed)
        guard end <= UInt32.max else { return nil }
        let entry = Entry(
            nameStart: UInt32(start),
            nameEnd: UInt32(nameEnd),
            valueStart: UInt32(nameEnd + 2),
            valueEnd: UInt32(end)
        )
        entries.append(entry)
        return entry
    }

    /// Replaces all field lines of that name by one at the end.
    public mutating func set(_ name: String, _ value: String) {
        remove(name)
        append(name, value)
    }

    /// Removes all field lines of that name.
    public mutating func remove(_ name: String) {
        guard contains(name) else { return }
        entries = entries.filter { !equal($0.name, name) }
        areLines = false
    }

    /// Removes the field line at `index`.
    public mutating func remove(at index: Int) {
        entries.remove(at: index)
        areLines = false
    }

    /// The field lines as octets of HTTP/1.1, each with its line end.
    public var octetsOfHTTP: [UInt8] {
        var lines: [UInt8] = []
        for entry in entries {
            lines += octets[entry.name]
            lines += [Octet.colon, Octet.space]
            lines += octets[entry.value]
            lines += [Octet.carriageReturn, Octet.lineFeed]
        }
        return lines
    }

    /// Reads field lines that ``octetsOfHTTP`` made.
    public init(octetsOfHTTP lines: [UInt8]) {
        self.init()
        for line in lines.split(separator: Octet.lineFeed) {
            guard let colon = line.firstIndex(of: Octet.colon) else { continue }
            let value = line[(colon + 1)...].drop { $0 == Octet.space }
            let hasReturn = value.last == Octet.carriageReturn
            append(name: line[..<colon], value: hasReturn ? value.dropLast() : value)
        }
    }

    // MARK: - Octets

    /// Compares octets with an ASCII text, letters without regard to case.
    func equal(_ range: Range<Int>, _ text: String) -> Bool {
        let text = text.utf8
        guard text.count == range.count else { return false }
        let span = text.span
        var index = range.lowerBound
        for position in 0..<span.count {
            guard Octet.lowercased(octets[index]) == Octet.lowercased(span[position]) else {
                return false
            }
            index += 1
        }
        return true
    }

    func isToken(_ range: Range<Int>) -> Bool {
        !range.isEmpty && areAll(range, Octet.token)
    }

    func isValue(_ range: Range<Int>) -> Bool {
        areAll(range, Octet.fieldValue | Octet.blank)
    }

    private func areAll(_ range: Range<Int>, _ mask: UInt8) -> Bool {
        let line = octets.span.extracting(range)
        for index in line.indices where !Octet.is(line[index], mask) { return false }
        return true
    }

    /// Whether a field concerns the connection and not the response (RFC 9110 §7.6.1), or is one
    /// that the encoder writes itself.
    func isEncoders(_ entry: Entry) -> Bool {
        let range = entry.name
        return switch range.count {
        case 2: equal(range, "te")
        case 4: equal(range, "date")
        case 7: equal(range, "upgrade") || equal(range, "trailer")
        case 10: equal(range, "connection") || equal(range, "keep-alive")
        case 14: equal(range, "content-length")
        case 16: equal(range, "proxy-connection")
        case 17: equal(range, "transfer-encoding")
        default: false
        }
    }
}

extension Fields: Sequence {
    /// Walks the field lines in order, making the strings of each.
    public func makeIterator() -> AnyIterator<(name: String, value: String)> {
        var index = 0
        return AnyIterator {
            guard index < entries.count else { return nil }
            defer { index += 1 }
            return (name(at: index), value(at: index))
        }
    }
}

extension Fields: ExpressibleByDictionaryLiteral {
    /// Makes a list of the given fields, in order.
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init()
        for (name, value) in elements { append(name, value) }
    }
}

extension Fields: Equatable {
    /// Compares names without regard to case, values exactly, and the order.
    public static func == (left: Fields, right: Fields) -> Bool {
        left.count == right.count
            && left.entries.indices.allSatisfy { index in
                right.isName(at: index, left.name(at: index))
                    && left.octets(at: index) == right.octets(at: index)
            }
    }
}
