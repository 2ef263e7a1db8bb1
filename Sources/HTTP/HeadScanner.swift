/// Scans a request line and fields octet by octet, keeping only where things are.
///
/// Each octet is looked at once, whatever pieces the input comes in. Positions count from the
/// first octet of the message, empty lines included.
struct HeadScanner: Sendable {
    private(set) var octets: [UInt8] = []
    private(set) var entries: [Fields.Entry] = []
    private(set) var method: Method?
    private(set) var target = 0..<0
    private(set) var queryStart: Int?
    private(set) var minorVersion: UInt8 = 0

    private let limits: Limits
    private var state = State.start
    private var mark = 0
    private var entry = Fields.Entry(nameStart: 0, nameEnd: 0, valueStart: 0, valueEnd: 0)
    private var emptyLineCount = 0

    private enum State {
        case start, startLineFeed
        case method, target, percent, percentZero, percentDigit, query
        case version, versionLineFeed
        case fieldStart, fieldName, beforeValue, value, valueLineFeed, endLineFeed
        case done
    }

    init(limits: Limits) {
        self.limits = limits
    }

    /// Whether anything but empty lines has been taken.
    var hasBegun: Bool { state != .start && state != .startLineFeed }

    /// The number of octets taken so far.
    var byteCount: Int { octets.count }

    /// Scans `input` from `position` up to `end`, and moves `position` past what was taken.
    ///
    /// Returns whether the empty line that ends the head was reached.
    mutating func scan(
        _ input: [UInt8],
        from position: inout Int,
        upTo end: Int
    ) throws(ParseError) -> Bool {
        let start = position
        let base = octets.count - start
        let room = limits.headBytesMax - octets.count
        let stop = min(end, start + room)
        if octets.isEmpty {
            // A usual head in one piece.
            octets.reserveCapacity(min(max(stop - start, 64), 1024))
            entries.reserveCapacity(12)
        }
        var index = start
        try run(input.span, &index, stop, base)
        octets.append(contentsOf: input[start..<index])
        position = index
        if state == .done { return true }
        if octets.count >= limits.headBytesMax {
            throw ParseError(.headTooLarge, offset: octets.count, limit: limits.headBytesMax)
        }
        return false
    }

    private mutating func run(
        _ input: Span<UInt8>,
        _ index: inout Int,
        _ stop: Int,
        _ base: Int
    ) throws(ParseError) {
        while index < stop {
            switch state {
            case .start, .startLineFeed: try start(input, &index, base)
            case .method: try method(input, &index, stop, base)
            case .target, .percent, .percentZero, .percentDigit, .query:
                try target(input, &index, stop, base)
            case .version where skipVersion(input, &index, stop, base): break
            case .version, .versionLineFeed: try version(input, &index, base)
            case .fieldStart: try fieldStart(input, &index, base)
            case .fieldName: try fieldName(input, &index, stop, base)
            case .beforeValue, .value, .valueLineFeed: try value(input, &index, stop, base)
            case .endLineFeed:
                try expectLineFeed(input[index], at: base + index)
                index += 1
                state = .done
                return
            case .done: return
            }
        }
    }

    // MARK: - Request line

    private mutating func start(
        _ input: Span<UInt8>,
        _ index: inout Int,
        _ base: Int
    ) throws(ParseError) {
        let octet = input[index]
        let offset = base + index
        if state == .startLineFeed {
            try expectLineFeed(octet, at: offset)
            state = .start
            index += 1
        } else if octet == Octet.carriageReturn {
            emptyLineCount += 1
            guard emptyLineCount <= limits.leadingEmptyLinesMax else {
                let limit = limits.leadingEmptyLinesMax
                throw ParseError(.tooManyEmptyLines, offset: offset, limit: limit)
            }
            state = .startLineFeed
            index += 1
        } else if octet == 0x16 {
            // The record type of a TLS handshake (RFC 8446 §5.1).
            throw ParseError(.tlsClientHello, offset: offset)
        } else {
            mark = offset
            state = .method
        }
    }

    private mutating func method(
        _ input: Span<UInt8>,
        _ index: inout Int,
        _ stop: Int,
        _ base: Int
    ) throws(ParseError) {
        while index < stop, Octet.is(input[index], Octet.token) {
            index += 1
            guard base + index - mark <= Method.nameBytesMax else {
                throw ParseError(.unknownMethod, offset: mark)
            }
        }
        guard index < stop else { return }
        let end = base + index
        guard input[index] == Octet.space, end > mark else {
            throw ParseError(.malformedMethod, offset: end)
        }
        index += 1
        defer {
            mark = end + 1
            state = .target
        }
        if mark >= base, let method = Method(common: input.extracting(mark - base..<index - 1)) {
            self.method = method
            return
        }
        var name: [UInt8] = []
        name.reserveCapacity(Method.nameBytesMax)
        for offset in mark..<end {
            name.append(offset < octets.count ? octets[offset] : input[offset - base])
        }
        method = try Self.method(name[...], at: mark)
    }

    private static func method(
        _ name: ArraySlice<UInt8>,
        at offset: Int
    ) throws(ParseError) -> Method {
        if let method = Method(name) { return method }
        if name.elementsEqual("PRI".utf8) { throw ParseError(.http2Preface, offset: offset) }
        if name.elementsEqual("CONNECT".utf8) || name.elementsEqual("TRACE".utf8) {
            throw ParseError(.refusedMethod, offset: offset)
        }
        throw ParseError(.unknownMethod, offset: offset)
    }

    private mutating func target(
        _ input: Span<UInt8>,
        _ index: inout Int,
        _ stop: Int,
        _ base: Int
    ) throws(ParseError) {
        var state = state
        defer { self.state = state }
        let stop = min(stop, mark + limits.targetBytesMax + 1 - base)
        while index < stop {
            let octet = input[index]
            if Octet.is(octet, Octet.target), state == .target || state == .query {
                index += 1
                continue
            }
            switch (state, octet) {
            case (.target, 0x25):
                state = .percent
            case (.percent, _) where Octet.is(octet, Octet.hexDigit):
                state = octet == 0x30 ? .percentZero : .percentDigit
            case (.percentZero, 0x30):
                // A NUL in a path is never meant well: some languages end strings there.
                throw ParseError(.malformedTarget, offset: base + index)
            case (.percentZero, _) where Octet.is(octet, Octet.hexDigit),
                (.percentDigit, _) where Octet.is(octet, Octet.hexDigit):
                state = .target
            case (.target, 0x3f):
                queryStart = base + index + 1
                state = .query
            case (.query, 0x3f), (.query, 0x25):
                break
            case (.target, Octet.space), (.query, Octet.space):
                target = mark..<(base + index)
                guard !target.isEmpty else {
                    throw ParseError(.malformedTarget, offset: base + index)
                }
                index += 1
                mark = base + index
                state = .version
                return
            default:
                throw ParseError(.malformedTarget, offset: base + index)
            }
            index += 1
        }
        if base + index - mark > limits.targetBytesMax {
            let limit = limits.targetBytesMax
            throw ParseError(.targetTooLong, offset: base + index, limit: limit)
        }
    }

    /// Takes a version with its line end at once, if it is there as a whole and one of the two that there are.
    private mutating func skipVersion(
        _ input: Span<UInt8>,
        _ index: inout Int,
        _ stop: Int,
        _ base: Int
    ) -> Bool {
        guard base + index == mark, stop - index >= 10 else { return false }
        let octets = input.extracting(index..<index + 10)
        guard octets[0] == 0x48, octets[1] == 0x54, octets[2] == 0x54, octets[3] == 0x50,
            octets[4] == 0x2f, octets[5] == 0x31, octets[6] == 0x2e, octets[7] & 0xfe == 0x30,
            octets[8] == Octet.carriageReturn, octets[9] == Octet.lineFeed
        else { return false }
        minorVersion = octets[7] & 1
        index += 10
        state = .fieldStart
        return true
    }

    private mutating func version(
        _ input: Span<UInt8>,
        _ index: inout Int,
        _ base: Int
    ) throws(ParseError) {
        let octet = input[index]
        let offset = base + index
        index += 1
        if state == .versionLineFeed {
            try expectLineFeed(octet, at: offset)
            state = .fieldStart
            return
        }
        let prefix: [8 of UInt8] = [0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e, 0x30]
        let isDigit = octet &- 0x30 < 10
        switch offset - mark {
        case 5 where isDigit && octet != 0x31:
            throw ParseError(.unsupportedVersion, offset: offset)
        case 7 where isDigit:
            minorVersion = octet &- 0x30
        case 8 where octet == Octet.carriageReturn:
            state = .versionLineFeed
        case let place where place < 7 && octet == prefix[place]:
            break
        default:
            throw ParseError(.malformedVersion, offset: offset)
        }
    }

    // MARK: - Fields

    private mutating func fieldStart(
        _ input: Span<UInt8>,
        _ index: inout Int,
        _ base: Int
    ) throws(ParseError) {
        let octet = input[index]
        let offset = base + index
        if octet == Octet.carriageReturn {
            index += 1
            state = .endLineFeed
            return
        }
        guard !Octet.is(octet, Octet.blank) else { throw ParseError(.foldedField, offset: offset) }
        guard entries.count < limits.fieldCountMax else {
            throw ParseError(.tooManyFields, offset: offset, limit: limits.fieldCountMax)
        }
        entry.nameStart = UInt32(clamping: offset)
        state = .fieldName
    }

    private mutating func fieldName(
        _ input: Span<UInt8>,
        _ index: inout Int,
        _ stop: Int,
        _ base: Int
    ) throws(ParseError) {
        while index < stop, Octet.is(input[index], Octet.fieldName) { index += 1 }
        guard index < stop else { return }
        let end = UInt32(clamping: base + index)
        let octet = input[index]
        if Octet.is(octet, Octet.blank), end > entry.nameStart {
            throw ParseError(.blankBeforeColon, offset: base + index)
        }
        guard octet == Octet.colon, end > entry.nameStart else {
            let isLineEnd = octet == Octet.lineFeed
            throw ParseError(
                isLineEnd ? .malformedLineEnd : .malformedFieldName,
                offset: base + index
            )
        }
        entry.nameEnd = end
        index += 1
        state = .beforeValue
    }

    private mutating func value(
        _ input: Span<UInt8>,
        _ index: inout Int,
        _ stop: Int,
        _ base: Int
    ) throws(ParseError) {
        if state == .beforeValue {
            while index < stop, Octet.is(input[index], Octet.blank) { index += 1 }
            guard index < stop else { return }
            entry.valueStart = UInt32(clamping: base + index)
            entry.valueEnd = entry.valueStart
            state = .value
        }
        if state == .valueLineFeed {
            try expectLineFeed(input[index], at: base + index)
            index += 1
            entries.append(entry)
            state = .fieldStart
            return
        }
        var end = Int(entry.valueEnd) - base
        while index < stop {
            let octet = input[index]
            if Octet.is(octet, Octet.fieldValue) {
                index += 1
                end = index
            } else if Octet.is(octet, Octet.blank) {
                index += 1
            } else {
                break
            }
        }
        entry.valueEnd = UInt32(clamping: base + end)
        guard index < stop else { return }
        guard input[index] == Octet.carriageReturn else {
            let isLineEnd = input[index] == Octet.lineFeed
            throw ParseError(
                isLineEnd ? .malformedLineEnd : .malformedFieldValue,
                offset: base + index
            )
        }
        index += 1
        state = .valueLineFeed
    }

    private func expectLineFeed(_ octet: UInt8, at offset: Int) throws(ParseError) {
        guard octet == Octet.lineFeed else { throw ParseError(.malformedLineEnd, offset: offset) }
    }
}
