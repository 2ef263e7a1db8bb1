import Glibc
import Linux
import Wasm

/// `poll_oneoff`: waiting for clocks and streams.
extension WASIContext {
    /// The most subscriptions in one call; more are refused as `EINVAL`.
    ///
    /// More than there can be descriptors and clocks to wait for.
    static var subscriptionCountMax: UInt32 { 1024 }

    /// The size of `event` in bytes.
    private static var eventByteCount: UInt32 { 32 }

    /// Answers with the subscriptions that are ready, in their order; waits while there are none.
    ///
    /// No clock's event comes early: the precision that a subscription allows is not used.
    func poll(_ call: inout HostCall, _ layout: Layout) throws(ErrorNumber) -> HostResult {
        let suspension = takeSuspension()
        let input = call.u32(0)
        let output = call.u32(1)
        let count = call.u32(2)
        let countAddress = call.u32(3)
        let memory = call.memory
        guard count > 0, count <= Self.subscriptionCountMax else { throw .inval }
        guard memory.contains(input, count: Int(count &* layout.subscriptionByteCount)),
            memory.contains(output, count: Int(count &* Self.eventByteCount)),
            memory.contains(countAddress, count: 4)
        else { throw .fault }

        let now = clocks.monotonic()
        var since = now
        if case .polling(let before) = suspension { since = before }
        var wait = Wait()
        var eventCount: UInt32 = 0
        for index in 0..<count {
            let address = input &+ index &* layout.subscriptionByteCount
            guard let subscription = Subscription(memory, address, layout) else { throw .inval }
            let readiness = check(subscription, since: since, now: now)
            guard case .ready(let error, let byteCount, let hangup) = readiness else {
                wait.add(readiness)
                continue
            }
            let event = Event(
                subscription: subscription,
                error: error,
                byteCount: byteCount,
                hangup: hangup
            )
            event.store(at: output &+ eventCount &* Self.eventByteCount, memory)
            eventCount &+= 1
        }
        call.surcharge &+= Int64(count) &* 4
        if eventCount == 0, let condition = wait.condition {
            suspend(.polling(since: since))
            return .wait(condition)
        }
        _ = memory.store(eventCount, at: countAddress)
        return .finished
    }

    private func check(_ subscription: Subscription, since: UInt64, now: UInt64) -> Readiness {
        switch subscription.kind {
        case .clock(let clock, let timeout, let isAbsolute):
            return check(clock, timeout, isAbsolute: isAbsolute, since: since, now: now)
        case .read(let number):
            guard let descriptor = descriptors[number] else { return .ready(error: .badf) }
            if let node = descriptor.node {
                let size = UInt64(node.bytes?.count ?? 0)
                return .ready(byteCount: size - min(size, descriptor.position))
            }
            if let opened = descriptor.opened { return Self.check(opened) }
            guard descriptor.stream == .input else { return .ready(error: .badf) }
            guard input.isReady else { return .onInput }
            let byteCount = input.unreadByteCount
            return .ready(byteCount: UInt64(byteCount), hangup: input.hasEnded && byteCount == 0)
        case .write(let number):
            guard let descriptor = descriptors[number], descriptor.stream != .input else {
                return .ready(error: .badf)
            }
            // A write beyond the bound waits by itself: output counts as ready.
            return .ready(byteCount: UInt64(BufferList.byteCountMax))
        }
    }

    /// A file or directory is always ready: with what lies after its position.
    private static func check(_ opened: OpenFile) -> Readiness {
        let size = (try? opened.descriptor.status())?.size ?? 0
        let position = (try? opened.descriptor.seek(0, from: SEEK_CUR)) ?? 0
        return .ready(byteCount: size > position ? size - position : 0)
    }

    private func check(
        _ clock: UInt32,
        _ timeout: UInt64,
        isAbsolute: Bool,
        since: UInt64,
        now: UInt64
    ) -> Readiness {
        let deadline: UInt64
        switch (ClockID(rawValue: clock), isAbsolute) {
        case (.realtime, true):
            // Looked at anew after every wait, since the clock may be set meanwhile.
            let current = clocks.realtime()
            deadline = timeout <= current ? now : Self.sum(now, timeout - current)
        case (.monotonic, true):
            deadline = timeout
        case (.realtime, false), (.monotonic, false):
            deadline = Self.sum(since, timeout)
        case (.processTime, _), (.threadTime, _):
            // A guest that waits uses no processor time: the moment would never come.
            return .ready(error: .notsup)
        case (nil, _):
            return .ready(error: .inval)
        }
        return deadline <= now ? .ready() : .at(deadline)
    }

    private static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }
}

/// What a subscription comes to now.
private enum Readiness {
    case ready(error: ErrorNumber = .success, byteCount: UInt64 = 0, hangup: Bool = false)
    case at(UInt64)
    case onInput
}

/// What all the subscriptions that are not ready wait for.
private struct Wait {
    private var deadline: UInt64?
    private var isForInput = false

    mutating func add(_ readiness: Readiness) {
        switch readiness {
        case .ready: break
        case .at(let moment): deadline = min(deadline ?? .max, moment)
        case .onInput: isForInput = true
        }
    }

    var condition: WaitCondition? {
        switch (deadline, isForInput) {
        case (nil, false): nil
        case (nil, true): .input
        case (let deadline?, false): .deadline(deadline)
        case (let deadline?, true): .inputOrDeadline(deadline)
        }
    }
}

/// `subscription`.
private struct Subscription {
    enum Kind {
        case clock(UInt32, timeout: UInt64, isAbsolute: Bool)
        case read(UInt32)
        case write(UInt32)
    }

    let userData: UInt64
    let eventType: UInt8
    let kind: Kind

    /// Reads one that lies within the memory; nil when its type is unknown.
    init?(_ memory: GuestMemory, _ address: UInt32, _ layout: Layout) {
        let clock = address &+ layout.clockOffset
        guard let userData = memory.load(address, as: UInt64.self),
            let eventType = memory.load(address &+ 8, as: UInt8.self),
            let descriptor = memory.load(address &+ 16, as: UInt32.self),
            let clockID = memory.load(clock, as: UInt32.self),
            let timeout = memory.load(clock &+ 8, as: UInt64.self),
            let clockFlags = memory.load(clock &+ 24, as: UInt16.self)
        else { return nil }
        self.userData = userData
        self.eventType = eventType
        switch eventType {
        case 0: kind = .clock(clockID, timeout: timeout, isAbsolute: clockFlags & 1 == 1)
        case 1: kind = .read(descriptor)
        case 2: kind = .write(descriptor)
        default: return nil
        }
    }
}

/// `event`.
private struct Event {
    let subscription: Subscription
    let error: ErrorNumber
    let byteCount: UInt64
    let hangup: Bool

    /// Writes it to a place that lies within the memory, padding included.
    func store(at address: UInt32, _ memory: GuestMemory) {
        let status = UInt64(error.rawValue) | UInt64(subscription.eventType) << 16
        _ = memory.store(subscription.userData, at: address)
        _ = memory.store(status, at: address &+ 8)
        _ = memory.store(byteCount, at: address &+ 16)
        _ = memory.store(UInt64(hangup ? 1 : 0), at: address &+ 24)
    }
}
