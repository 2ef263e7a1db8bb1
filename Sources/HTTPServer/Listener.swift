public import Linux

/// A listening socket, in a class because arrays cannot hold values that are not copyable.
///
/// It listens until nobody refers to it any more.
public final class Listener: Sendable {
    let socket: ListeningSocket
    /// Whether every event loop accepts from it, where a TCP port has a socket for each of them.
    let isShared: Bool

    /// Takes over a socket that all event loops are to accept from.
    public convenience init(_ socket: consuming ListeningSocket) {
        self.init(socket, isShared: true)
    }

    init(_ socket: consuming ListeningSocket, isShared: Bool) {
        self.socket = socket
        self.isShared = isShared
    }

    /// The address that it is bound to.
    public var address: SocketAddress { socket.address }

    /// What a loop's poller is to tell of.
    var readiness: Poller.Readiness { isShared ? [.readable, .exclusive] : .readable }
}
