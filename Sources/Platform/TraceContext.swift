import HTTP
import Store

/// Where an invocation stands in a distributed trace: W3C Trace Context, versions 00 and what it says of later ones.
public struct TraceContext: Equatable, Sendable {
    /// The trace's id: 128 bits, not all zero.
    let high: UInt64
    let low: UInt64
    /// The invocation's own span; not zero.
    public let span: UInt64
    /// The caller's span; nil when the trace begins here.
    public let parent: UInt64?
    /// Whether spans of the trace are kept: the caller's word, or for a new trace the lane's.
    public let isSampled: Bool
    /// What other systems have to say of the trace: the list of `tracestate`, as it is passed on.
    let state: String?

    /// A trace of its own that is not sampled.
    init() {
        self.init(
            high: .random(in: .min ... .max),
            low: .random(in: 1 ... .max),
            span: .random(in: 1 ... .max)
        )
    }

    init(
        high: UInt64,
        low: UInt64,
        span: UInt64,
        parent: UInt64? = nil,
        isSampled: Bool = false,
        state: String? = nil
    ) {
        self.high = high
        self.low = low
        self.span = span
        self.parent = parent
        self.isSampled = isSampled
        self.state = state
    }

    /// Continues the trace of a request; nil when its fields name none, or not as they should.
    ///
    /// One field `traceparent` must be there and be valid (§3.2). What is wrong with `tracestate` only drops that
    /// (§3.3).
    init?(_ fields: Fields, span: UInt64) {
        guard let first = fields.firstIndex(of: "traceparent"),
            let caller = Self.parse(fields.octets(at: first)),
            !((first + 1)..<max(fields.count, first + 1)).contains(where: {
                fields.isName(at: $0, "traceparent")
            })
        else { return nil }
        self.init(
            high: caller.high,
            low: caller.low,
            span: span,
            parent: caller.span,
            isSampled: caller.isSampled,
            state: TraceState.list(of: fields)
        )
    }

    /// The context of an invocation that this one makes.
    func child() -> TraceContext {
        TraceContext(
            high: high,
            low: low,
            span: .random(in: 1 ... .max),
            parent: span,
            isSampled: isSampled,
            state: state
        )
    }

    /// The trace's id in 32 hexadecimal digits.
    public var traceIdentifier: String {
        Hexadecimal.text(high: high, low: low)
    }

    /// The value of `traceparent` for what the guest calls: version 00, with the invocation as the parent.
    var parentForCallees: String {
        "00-\(traceIdentifier)-\(Self.digits(of: span))-\(isSampled ? "01" : "00")"
    }

    /// A span's id in 16 hexadecimal digits.
    public static func digits(of span: UInt64) -> String {
        var digits = [16 of UInt8](repeating: 0)
        Hexadecimal.write(span, at: 0, &digits)
        return Hexadecimal.text(digits.span)
    }

    // MARK: - Parsing

    private static let hyphen = UInt8(ascii: "-")

    /// Parses a value of `traceparent`: version, trace, span, flags. §3.2.2
    ///
    /// Version 00 has just these; later ones may go on after another hyphen, and ff is none.
    static func parse(
        _ value: ArraySlice<UInt8>
    ) -> (high: UInt64, low: UInt64, span: UInt64, isSampled: Bool)? {
        let start = value.startIndex
        guard value.count >= 55, value[start + 2] == hyphen, value[start + 35] == hyphen,
            value[start + 52] == hyphen, let version = number(value[start..<start + 2]),
            version != 0xff, value.count == 55 || (version > 0 && value[start + 55] == hyphen),
            let high = number(value[start + 3..<start + 19]),
            let low = number(value[start + 19..<start + 35]), high | low != 0,
            let span = number(value[start + 36..<start + 52]), span != 0,
            let flags = number(value[start + 53..<start + 55])
        else { return nil }
        return (high, low, span, flags & 1 == 1)
    }

    /// The value of at most 16 hexadecimal digits, lower-case.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - 0x30)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - 0x57)
            default: return nil
            }
        }
        return value
    }
}

/// The field `tracestate`: a list of other systems' words about a trace. W3C Trace Context §3.3
enum TraceState {
    private static let membersMax = 32

    /// The list of all the fields' lines, without empty members and blanks around members; nil when there is none or
    /// it is not as it should be.
    static func list(of fields: Fields) -> String? {
        var members: [ArraySlice<UInt8>] = []
        var keys: Set<ArraySlice<UInt8>> = []
        for index in 0..<fields.count where fields.isName(at: index, "tracestate") {
            for piece in fields.octets(at: index).split(
                separator: UInt8(ascii: ","),
                omittingEmptySubsequences: true
            ) {
                let member = trimmed(piece)
                guard !member.isEmpty else { continue }
                guard members.count < membersMax, let key = key(ofMember: member),
                    keys.insert(key).inserted
                else { return nil }
                members.append(member)
            }
        }
        guard !members.isEmpty else { return nil }
        return String(
            decoding: Array(members.joined(separator: [UInt8(ascii: ",")])),
            as: UTF8.self
        )
    }

    private static func trimmed(_ piece: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 }
        var piece = piece.drop(while: isBlank)
        while let last = piece.last, isBlank(last) { piece.removeLast() }
        return piece
    }

    /// The key of a member, if both it and its value are well-formed. §3.3.1.3
    private static func key(ofMember member: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let equals = member.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let key = member[..<equals]
        let value = member[(equals + 1)...]
        // Blanks at its end were cut off with those around the member.
        guard (1...256).contains(value.count),
            value.allSatisfy({ (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "=") })
        else { return nil }
        guard let at = key.firstIndex(of: UInt8(ascii: "@")) else {
            return isName(key, countMax: 256, mayBeginWithDigit: false) ? key : nil
        }
        let isKey =
            isName(key[..<at], countMax: 241, mayBeginWithDigit: true)
            && isName(key[(at + 1)...], countMax: 14, mayBeginWithDigit: false)
        return isKey ? key : nil
    }

    private static func isName(
        _ name: ArraySlice<UInt8>,
        countMax: Int,
        mayBeginWithDigit: Bool
    ) -> Bool {
        guard let first = name.first, name.count <= countMax else { return false }
        let isLetter = { (octet: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(octet)
        }
        let isDigit = { (octet: UInt8) in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet)
        }
        guard isLetter(first) || (mayBeginWithDigit && isDigit(first)) else { return false }
        return name.allSatisfy { octet in
            isLetter(octet) || isDigit(octet) || "_-*/".utf8.contains(octet)
        }
    }
}

/// Gives requests their places in traces.
///
/// Ids are unique, not secret: they come from a fast generator (xoshiro256++) that the kernel has seeded. One
/// thread owns a source.
struct TraceSource {
    private var state: (UInt64, UInt64, UInt64, UInt64)
    /// New traces are sampled whose lower half is less.
    private let sampledBelow: UInt64
    private let samplesAll: Bool

    /// `sampleRatio` is the share of new traces that are sampled.
    init(sampleRatio: Double) {
        let all = UInt64.min...UInt64.max
        state = (.random(in: all), .random(in: all), .random(in: all), .random(in: 1 ... .max))
        samplesAll = sampleRatio >= 1
        sampledBelow = samplesAll ? .max : UInt64(max(0, sampleRatio) * 0x1p64)
    }

    /// The trace that a request's fields name, or a new one.
    mutating func context(of fields: Fields) -> TraceContext {
        let span = nextNotZero()
        if let context = TraceContext(fields, span: span) { return context }
        let (high, low) = (next(), nextNotZero())
        return TraceContext(
            high: high,
            low: low,
            span: span,
            isSampled: samplesAll || low < sampledBelow
        )
    }

    private mutating func nextNotZero() -> UInt64 {
        while true {
            let value = next()
            if value != 0 { return value }
        }
    }

    private mutating func next() -> UInt64 {
        func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
            value << count | value >> (64 - count)
        }
        let result = rotated(state.0 &+ state.3, 23) &+ state.0
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotated(state.3, 45)
        return result
    }
}
