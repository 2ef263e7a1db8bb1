import HTTP

/// What the reader of requests makes of a connection, as text.
enum RequestTranscript {
    /// Reads octets whole and in pieces, and ends the process when that makes a difference.
    static func compare(_ input: [UInt8]) {
        guard let first = input.first else { return }
        let cutCount = min(Int(first % 16), input.count - 1)
        let cuts = input[1..<(1 + cutCount)].map(Int.init)
        let octets = Array(input[(1 + cutCount)...])
        let whole = read([octets])
        var pieces: [[UInt8]] = []
        var start = 0
        for cut in cuts where start + cut <= octets.count {
            pieces.append(Array(octets[start..<(start + cut)]))
            start += cut
        }
        pieces.append(Array(octets[start...]))
        let cut = read(pieces)
        precondition(whole == cut, "cut \(cuts): \(cut) instead of \(whole)")
        precondition(read(octets.map { [$0] }) == whole, "octet by octet is not \(whole)")
    }

    /// A line for each request and for the error, if there is one.
    private static func read(_ pieces: [[UInt8]]) -> [String] {
        var parser = RequestParser(limits: Limits())
        var lines: [String] = []
        var offset = 0
        do throws(ParseError) {
            for piece in pieces {
                var position = 0
                reading: while true {
                    switch try parser.consume(piece, from: &position, upTo: piece.count) {
                    case .needMore:
                        break reading
                    case .head(let head):
                        check(head)
                        lines.append(
                            "\(head.method) \(head.target) \(head.framing) \(head.keepsAlive)"
                        )
                        try parser.acceptBody(bytesMax: 1 << 16)
                    case .complete(let body):
                        lines.append("body \(body.count) \(body.reduce(0) { $0 &* 31 &+ Int($1) })")
                    }
                }
                offset += piece.count
            }
            lines.append(parser.isInsideHead || parser.isInsideBody ? "unfinished" : "done")
        } catch {
            precondition(error.offset >= 0, "the error lies outside")
            lines.append("\(error.kind) at \(error.offset)")
        }
        return lines
    }

    /// What holds for every head: written out and read again, it is the same.
    private static func check(_ head: RequestHead) {
        precondition(head.fields.isValid)
        let octets = RequestHead.octets(
            method: Array(head.method.rawValue.utf8),
            target: Array(head.targetOctets),
            fields: head.fields,
            bodyByteCount: 0
        )
        var limits = Limits()
        limits.headBytesMax *= 2
        limits.fieldCountMax += 2
        guard let again = try? RequestHead(parsing: octets, limits: limits) else {
            preconditionFailure("a head that was read cannot be read again")
        }
        precondition(again.target == head.target && again.method == head.method)
        precondition(head.authority == nil || again.authority == head.authority)
    }
}
