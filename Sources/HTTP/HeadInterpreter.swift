/// Interprets a scanned head: the target's form, the host, and what frames the body.
///
/// Wherever two readers could disagree about one message, the message is refused (RFC 9112 §3.2,
/// §5, §6, §11.2).
struct HeadInterpreter {
    private let scanner: HeadScanner
    private var hostEntry: Fields.Entry?
    private var lengthEntry: Fields.Entry?
    private var codingEntry: Fields.Entry?
    private var expectEntry: Fields.Entry?
    private var hasClose = false
    private var hasKeepAlive = false
    private var path = 0..<0
    private var authority: Range<Int>?

    private init(_ scanner: HeadScanner) {
        self.scanner = scanner
    }

    /// Makes the head of a complete scan.
    static func interpret(_ scanner: HeadScanner) throws(ParseError) -> RequestHead {
        guard let method = scanner.method else {
            throw ParseError(.malformedMethod, offset: 0)
        }
        let version: RequestHead.Version = scanner.minorVersion == 0 ? .http10 : .http11
        var interpreter = HeadInterpreter(scanner)
        try interpreter.collect()
        try interpreter.interpretTarget(method)
        try interpreter.checkHost(version)
        let framing = try interpreter.framing(version)
        let expectsContinue = try interpreter.expectsContinue(version)
        let keepsAlive =
            !interpreter.hasClose && (version == .http11 || interpreter.hasKeepAlive)
        return RequestHead(
            method: method,
            version: version,
            fields: Fields(octets: scanner.octets, entries: scanner.entries),
            framing: framing,
            expectsContinue: expectsContinue && framing != .none,
            keepsAlive: keepsAlive,
            byteCount: scanner.byteCount,
            targetRange: scanner.target,
            pathRange: interpreter.path,
            queryStart: scanner.queryStart,
            authorityRange: interpreter.authority
        )
    }

    // MARK: - Fields

    private mutating func collect() throws(ParseError) {
        for entry in scanner.entries {
            switch entry.nameEnd - entry.nameStart {
            case 4 where isName(entry, "host"):
                guard hostEntry == nil else { throw error(.repeatedHost, entry) }
                hostEntry = entry
            case 14 where isName(entry, "content-length"):
                guard lengthEntry == nil else { throw error(.repeatedContentLength, entry) }
                lengthEntry = entry
            case 17 where isName(entry, "transfer-encoding"):
                guard codingEntry == nil else { throw error(.malformedTransferEncoding, entry) }
                codingEntry = entry
            case 10 where isName(entry, "connection"):
                collectOptions(entry.value)
            case 6 where isName(entry, "expect"):
                // A second expectation is one more that is not known.
                guard expectEntry == nil else { throw error(.unknownExpectation, entry) }
                expectEntry = entry
            default: break
            }
        }
    }

    private mutating func collectOptions(_ range: Range<Int>) {
        for option in elements(of: range) {
            if isEqual(option, "close") { hasClose = true }
            if isEqual(option, "keep-alive") { hasKeepAlive = true }
        }
    }

    /// The elements of a list, without the blanks around them (RFC 9110 §5.6.1).
    private func elements(of range: Range<Int>) -> [Range<Int>] {
        var elements: [Range<Int>] = []
        var start = range.lowerBound
        while start <= range.upperBound {
            var end = start
            while end < range.upperBound, scanner.octets[end] != 0x2c { end += 1 }
            elements.append(trimmed(start..<end))
            start = end + 1
        }
        return elements
    }

    private func framing(
        _ version: RequestHead.Version
    ) throws(ParseError) -> RequestHead.Framing {
        if let entry = codingEntry {
            guard lengthEntry == nil else { throw error(.conflictingFraming, entry) }
            guard version == .http11 else { throw error(.framingNeedsHTTP11, entry) }
            guard !isEqual(entry.value, "chunked") else { return .chunked }
            throw error(transferCodingError(entry.value), entry)
        }
        guard let entry = lengthEntry else { return .none }
        let digits = entry.value.map { scanner.octets[$0] &- 0x30 }
        guard !digits.isEmpty, digits.allSatisfy({ $0 < 10 }),
            digits.count <= 19 || digits[0] != 0
        else {
            throw error(.malformedContentLength, entry)
        }
        var length = 0
        for digit in digits {
            let (product, overflow1) = length.multipliedReportingOverflow(by: 10)
            let (sum, overflow2) = product.addingReportingOverflow(Int(digit))
            // A number for all that, but of more than any body can have.
            guard !overflow1, !overflow2 else {
                throw ParseError(.bodyTooLarge, offset: Int(entry.nameStart), limit: .max)
            }
            length = sum
        }
        return length == 0 ? .none : .length(length)
    }

    /// What is wrong with a list of codings that is not just `chunked` (RFC 9112 §6.3, number 4; §6.1).
    private func transferCodingError(_ range: Range<Int>) -> ParseError.Kind {
        let codings = elements(of: range)
        let areTokens = codings.allSatisfy { coding in
            !coding.isEmpty && coding.allSatisfy { Octet.is(scanner.octets[$0], Octet.token) }
        }
        // Where the last coding is another, nobody could tell the end of the body.
        guard areTokens, let last = codings.last, isEqual(last, "chunked"),
            !codings.dropLast().contains(where: { isEqual($0, "chunked") })
        else { return .malformedTransferEncoding }
        return .unknownTransferCoding
    }

    private func expectsContinue(_ version: RequestHead.Version) throws(ParseError) -> Bool {
        // RFC 9110 §10.1.1: an expectation in HTTP/1.0 is ignored.
        guard let entry = expectEntry, version == .http11, !entry.value.isEmpty else {
            return false
        }
        guard isEqual(entry.value, "100-continue") else {
            throw error(.unknownExpectation, entry)
        }
        return true
    }

    // MARK: - Target and host

    private mutating func interpretTarget(_ method: Method) throws(ParseError) {
        let target = scanner.target
        let octets = scanner.octets
        let pathEnd = scanner.queryStart.map { $0 - 1 } ?? target.upperBound
        if octets[target.lowerBound] == 0x2f {
            path = target.lowerBound..<pathEnd
            return try checkPath()
        }
        if target.count == 1, octets[target.lowerBound] == 0x2a {
            guard method == .options else {
                throw ParseError(.malformedTarget, offset: target.lowerBound)
            }
            path = target
            return
        }
        for scheme in ["http://", "https://"] where target.count >= scheme.utf8.count {
            let start = target.lowerBound + scheme.utf8.count
            guard isEqual(target.lowerBound..<start, scheme), start <= pathEnd else { continue }
            var end = start
            while end < pathEnd, octets[end] != 0x2f { end += 1 }
            guard start < end, octets[start] != Octet.colon, isHost(start..<end) else {
                throw ParseError(.malformedHost, offset: start)
            }
            authority = start..<end
            path = end..<pathEnd
            return try checkPath()
        }
        throw ParseError(.malformedTarget, offset: target.lowerBound)
    }

    /// A backslash, which some take for a slash, is no part of a path (RFC 3986 §3.3).
    private func checkPath() throws(ParseError) {
        guard let place = path.first(where: { scanner.octets[$0] == 0x5c }) else { return }
        throw ParseError(.malformedTarget, offset: place)
    }

    private mutating func checkHost(_ version: RequestHead.Version) throws(ParseError) {
        guard let entry = hostEntry else {
            guard version == .http10 else {
                throw ParseError(.missingHost, offset: scanner.byteCount)
            }
            return
        }
        guard isHost(entry.value) else { throw error(.malformedHost, entry) }
        if authority == nil { authority = entry.value }
    }

    /// Whether the octets are `uri-host [ ":" port ]` (RFC 9110 §7.2); an empty host is allowed.
    private func isHost(_ range: Range<Int>) -> Bool {
        let octets = scanner.octets.span
        var index = range.lowerBound
        if index < range.upperBound, octets[index] == 0x5b {
            let start = index + 1
            while index < range.upperBound, octets[index] != 0x5d { index += 1 }
            guard index < range.upperBound, IPv6Literal.isValid(scanner.octets[start..<index])
            else { return false }
            index += 1
        } else {
            while index < range.upperBound, octets[index] != Octet.colon {
                guard Octet.is(octets[index], Octet.host) else { return false }
                index += 1
            }
        }
        guard index < range.upperBound else { return true }
        guard octets[index] == Octet.colon else { return false }
        var port = 0
        for place in (index + 1)..<range.upperBound {
            let digit = octets[place] &- 0x30
            guard digit < 10 else { return false }
            port = min(port * 10 + Int(digit), 65_536)
        }
        return port < 65_536
    }

    // MARK: - Octets

    private func error(_ kind: ParseError.Kind, _ entry: Fields.Entry) -> ParseError {
        ParseError(kind, offset: Int(entry.nameStart))
    }

    private func isName(_ entry: Fields.Entry, _ name: String) -> Bool {
        isEqual(entry.name, name)
    }

    /// Compares with a text in lower case, letters without regard to case.
    private func isEqual(_ range: Range<Int>, _ text: String) -> Bool {
        guard range.count == text.utf8.count else { return false }
        return zip(range, text.utf8).allSatisfy { index, octet in
            Octet.lowercased(scanner.octets[index]) == octet
        }
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, Octet.is(scanner.octets[start], Octet.blank) { start += 1 }
        while end > start, Octet.is(scanner.octets[end - 1], Octet.blank) { end -= 1 }
        return start..<end
    }
}
