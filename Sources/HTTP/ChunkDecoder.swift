/// Undoes the chunked transfer coding (RFC 9112 §7.1).
///
/// Extensions are skipped and trailer fields dropped; both are checked and both count towards one
/// limit for the whole message, so that framing cannot cost more than data.
struct ChunkDecoder: Sendable {
    private let overheadBytesMax: Int
    private let bodyBytesMax: Int
    private var state = State.size
    private var sizeDigitCount = 0
    private var size: UInt64 = 0
    private var remaining = 0
    private var overheadBytes = 0
    private var bodyBytes = 0

    private enum State {
        case size, sizeBlank, `extension`, sizeLineFeed
        case data, dataReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed, endLineFeed
        case done
    }

    init(overheadBytesMax: Int, bodyBytesMax: Int) {
        self.overheadBytesMax = overheadBytesMax
        self.bodyBytesMax = bodyBytesMax
    }

    /// Decodes `input` from `position` up to `end`, appends the data to `body` and moves `position`
    /// past what was taken.
    ///
    /// `base` is what to add to an index of `input` for an error's offset.
    ///
    /// Returns whether the end of the body was reached.
    mutating func decode(
        _ input: [UInt8],
        from position: inout Int,
        upTo end: Int,
        base: Int,
        into body: inout [UInt8]
    ) throws(ParseError) -> Bool {
        while position < end {
            if state == .data {
                let count = min(remaining, end - position)
                body.append(contentsOf: input[position..<(position + count)])
                position += count
                remaining -= count
                if remaining == 0 { state = .dataReturn }
                continue
            }
            overheadBytes += 1
            guard overheadBytes <= overheadBytesMax else {
                let limit = overheadBytesMax
                throw ParseError(.chunkOverheadTooLarge, offset: base + position, limit: limit)
            }
            switch state {
            case .size, .sizeBlank, .extension, .sizeLineFeed:
                try frame(input[position], at: base + position)
            default:
                try line(input[position], at: base + position)
            }
            position += 1
            if state == .done { return true }
        }
        return false
    }

    private mutating func frame(_ octet: UInt8, at offset: Int) throws(ParseError) {
        switch (state, octet) {
        case (.size, _) where Octet.is(octet, Octet.hexDigit):
            // Sixteen digits are all that a size can need: more are zeros, or too large a number.
            guard let digit = Octet.hexValue(octet), sizeDigitCount < 16 || size >> 60 != 0 else {
                throw ParseError(.malformedChunk, offset: offset)
            }
            guard sizeDigitCount < 16 else {
                throw ParseError(.bodyTooLarge, offset: offset, limit: bodyBytesMax)
            }
            sizeDigitCount += 1
            size = size << 4 | UInt64(digit)
        case (.size, _) where sizeDigitCount == 0:
            throw ParseError(.malformedChunk, offset: offset)
        case (.size, 0x3b), (.sizeBlank, 0x3b):
            state = .extension
        case (.size, Octet.space), (.size, Octet.tab),
            (.sizeBlank, Octet.space), (.sizeBlank, Octet.tab):
            state = .sizeBlank
        case (.size, Octet.carriageReturn), (.extension, Octet.carriageReturn):
            state = .sizeLineFeed
        case (.extension, _) where Octet.is(octet, Octet.fieldValue | Octet.blank):
            break
        case (.sizeLineFeed, Octet.lineFeed):
            try begin(at: offset)
        default:
            throw ParseError(.malformedChunk, offset: offset)
        }
    }

    private mutating func begin(at offset: Int) throws(ParseError) {
        if size == 0 {
            state = .trailerStart
            return
        }
        guard let count = Int(exactly: size), count <= bodyBytesMax - bodyBytes else {
            throw ParseError(.bodyTooLarge, offset: offset, limit: bodyBytesMax)
        }
        bodyBytes += count
        remaining = count
        state = .data
    }

    private mutating func line(_ octet: UInt8, at offset: Int) throws(ParseError) {
        switch (state, octet) {
        case (.dataReturn, Octet.carriageReturn):
            state = .dataLineFeed
        case (.dataLineFeed, Octet.lineFeed):
            (state, size, sizeDigitCount) = (.size, 0, 0)
        case (.dataReturn, _), (.dataLineFeed, _):
            throw ParseError(.malformedChunk, offset: offset)
        case (.trailerStart, Octet.carriageReturn):
            state = .endLineFeed
        case (.endLineFeed, Octet.lineFeed):
            state = .done
        case (.trailerStart, _) where Octet.is(octet, Octet.fieldName):
            state = .trailerName
        case (.trailerName, Octet.colon):
            state = .trailerValue
        case (.trailerName, _) where Octet.is(octet, Octet.fieldName):
            break
        case (.trailerValue, Octet.carriageReturn):
            state = .trailerLineFeed
        case (.trailerValue, _) where Octet.is(octet, Octet.fieldValue | Octet.blank):
            break
        case (.trailerLineFeed, Octet.lineFeed):
            state = .trailerStart
        default:
            throw ParseError(.malformedTrailer, offset: offset)
        }
    }
}
