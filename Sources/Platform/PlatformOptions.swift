/// The bounds and habits of the platform as a whole.
public struct PlatformOptions: Sendable {
    /// Header fields that the platform adds to a function's responses.
    public struct ResponseFields: OptionSet, Sendable {
        public let rawValue: UInt8

        /// Makes a set from its bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// `X-Request-Id`.
        public static let requestIdentifier = ResponseFields(rawValue: 1 << 0)
        /// `X-Function-Version`.
        public static let version = ResponseFields(rawValue: 1 << 1)
        /// `X-Start`.
        public static let start = ResponseFields(rawValue: 1 << 2)
        /// `X-Fuel-Used`.
        public static let fuel = ResponseFields(rawValue: 1 << 3)
        /// `Server-Timing`.
        public static let serverTiming = ResponseFields(rawValue: 1 << 4)
        public static let all: ResponseFields = [
            .requestIdentifier, .version, .start, .fuel, .serverTiming,
        ]
    }

    /// The most invocations that run or wait at one time, over all functions.
    public var invocationsMax = 4_096

    /// How many threads run guests beyond their first slice.
    public var workerCount = 2

    /// How many instructions a guest may run on the event loop: about 1 ms.
    public var firstSliceInstructions: Int64 = 400_000

    /// How many instructions a worker runs of one guest before it turns to the next: about 4 ms.
    public var sliceInstructions: Int64 = 1_600_000

    /// The most that modules, translated code, snapshots and instances take together, in bytes: beyond it, what
    /// was used least recently is given up.
    public var residentBytesMax = 1 << 30

    /// How long nobody has to call a function until it is given up with its code and instances, in milliseconds; its next
    /// call reads it from the store.
    public var dormantAfterMilliseconds = 900_000

    /// How long a version stays in memory that no alias leads to any more, in milliseconds: going back to it
    /// finds it ready.
    public var warmMilliseconds = 600_000

    /// The share of new traces that are sampled, from 0 to 1; a trace that a caller began is sampled when the
    /// caller says so.
    public var traceSampleRatio = 0.0

    /// How many functions are counted by themselves; the others are counted together.
    public var metricsFunctionsMax = 1_000

    /// The fields added to responses.
    public var responseFields = ResponseFields.all

    /// The value of `SERVER_SOFTWARE`.
    public var serverSoftware = "roost"

    /// The default options.
    public init() {}
}
