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
        var start = range.lowerBound
        while start < range.upperBound {
            var end = start
            while end < range.upperBound, scanner.octets[end] != 0x2c { end += 1 }
            let option = trimmed(start..<end)
            if isEqual(option, "close") { hasClose = true }
            if isEqual(option, "keep-alive") { hasKeepAlive = true }
            start = end + 1
        }
    }

    private func framing(
        _ version: RequestHead.Version
    ) throws(ParseError) -> RequestHead.Framing {
        if let entry = codingEntry {
            guard lengthEntry == nil else { throw error(.conflictingFraming, entry) }
            guard version == .http11 else { throw error(.framingNeedsHTTP11, entry) }
            guard !isEqual(entry.value, "chunked") else { return .chunked }
            let isToken =
                !entry.value.isEmpty
                && entry.value.allSatisfy { Octet.is(scanner.octets[$0], Octet.token) }
            throw error(isToken ? .unknownTransferCoding : .malformedTransferEncoding, entry)
        }
        guard let entry = lengthEntry else { return .none }
        guard (1...19).contains(entry.value.count) else {
            throw error(.malformedContentLength, entry)
        }
        var length = 0
        for index in entry.value {
            let digit = scanner.octets[index] &- 0x30
            let (product, overflow1) = length.multipliedReportingOverflow(by: 10)
            let (sum, overflow2) = product.addingReportingOverflow(Int(digit))
            guard digit < 10, !overflow1, !overflow2 else {
                throw error(.malformedContentLength, entry)
            }
            length = sum
        }
        return length == 0 ? .none : .length(length)
    }

    private func expectsContinue(_ version: RequestHead.Version) throws(ParseError) -> Bool {
        // RFC 9110 §10.1.1: an expectation in HTTP/1.0 is ignored.
        guard let entry = expectEntry, version == .http11 else { return false }
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
            return
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
            guard start < end, isHost(start..<end) else {
                throw ParseError(.malformedHost, offset: start)
            }
            authority = start..<end
            path = end..<pathEnd
            return
        }
        throw ParseError(.malformedTarget, offset: target.lowerBound)
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
        let octets = scanner.octets
        var index = range.lowerBound
        if index < range.upperBound, octets[index] == 0x5b {
            var colonCount = 0
            index += 1
            while index < range.upperBound, octets[index] != 0x5d {
                let octet = octets[index]
                if octet == Octet.colon { colonCount += 1 }
                guard octet == Octet.colon || octet == 0x2e || Octet.is(octet, Octet.hexDigit)
                else { return false }
                index += 1
            }
            guard index < range.upperBound, colonCount >= 2 else { return false }
            index += 1
        } else {
            while index < range.upperBound, octets[index] != Octet.colon {
                guard Octet.is(octets[index], Octet.host) else { return false }
                index += 1
            }
        }
        guard index < range.upperBound else { return true }
        guard octets[index] == Octet.colon else { return false }
        let port = (index + 1)..<range.upperBound
        return port.count <= 5
            && port.allSatisfy { octets[$0] &- 0x30 < 10 }
            && port.reduce(0) { $0 * 10 + Int(octets[$1] &- 0x30) } <= 65535
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
