import Synchronization
import WASI

/// What has come of a request's body since its invocation began, and the guest has not been given.
///
/// Any thread. Whoever reads the connection bounds what is here.
final class BodyInbox: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var hasEnded = false
        var totalByteCount = 0
    }

    private let state = Mutex(State())

    func append(_ piece: [UInt8], isLast: Bool) {
        state.withLock { state in
            if state.bytes.isEmpty { state.bytes = piece } else { state.bytes += piece }
            state.hasEnded = state.hasEnded || isLast
            state.totalByteCount += piece.count
        }
    }

    /// Gives the guest what is here.
    func empty(into input: inout GuestInput) {
        let (bytes, hasEnded) = state.withLock { state in
            defer { state.bytes = [] }
            return (state.bytes, state.hasEnded)
        }
        if !bytes.isEmpty { input.append(bytes) }
        if hasEnded { input.end() }
    }

    /// Whether nothing more comes.
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// All that has ever come, in bytes.
    var totalByteCount: Int { state.withLock { $0.totalByteCount } }
}
