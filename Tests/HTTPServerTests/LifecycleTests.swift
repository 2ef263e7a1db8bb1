import Glibc
import HTTP
import HTTPServer
import Linux
import Synchronization
import TestSupport
import Testing

struct LifecycleTests {
    @Test func `stopping closes what is idle and lets requests in flight finish`() throws {
        let server = try TestServer(runsClock: true)
        let idle = try server.connect()
        #expect(try idle.request("GET", "/").status == 200)
        let busy = try server.connect()
        try busy.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchange = try server.journal.exchange(for: "/held")
        let running = server.server
        let stopper = try Stopper { running.stop(drainMilliseconds: 60_000) }
        try idle.expectEnd()
        #expect(!stopper.isDone)
        exchange.respond(Response(status: .ok, body: [0x61]))
        let response = try busy.readResponse()
        #expect(response.text == "a")
        #expect(response["connection"] == "close")
        try busy.expectEnd()
        busy.close()
        stopper.join()
        #expect(throws: SystemError(call: "connect", code: ECONNREFUSED)) {
            _ = try server.connect()
        }
    }

    @Test func `a request half sent when the server stops is still answered`() throws {
        let server = try TestServer(runsClock: true)
        let client = try server.connect()
        #expect(try client.request("GET", "/").status == 200)
        let other = try server.connect()
        try client.send("GET /late HTTP/1.1\r\n")
        // The loop has seen the half request when it has answered one sent after it.
        #expect(try other.request("GET", "/").status == 200)
        let running = server.server
        let stopper = try Stopper { running.stop(drainMilliseconds: 60_000) }
        try other.expectEnd()
        try client.send("Host: a\r\n\r\n")
        let response = try client.readResponse()
        #expect(response["x-target"] == "/late")
        #expect(response["connection"] == "close")
        client.endOutput()
        stopper.join()
    }

    @Test func `what does not finish in time is cut`() throws {
        let server = try TestServer(runsClock: true)
        let client = try server.connect()
        try client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try server.journal.exchange(for: "/held")
        server.server.stop(drainMilliseconds: 20)
        #expect(server.journal.gone == ["/held"])
        #expect(throws: (any Error).self) { try client.readResponse() }
    }

    @Test(arguments: [true, false])
    func `the handler learns once that nobody waits any more`(resets: Bool) throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchange = try server.journal.exchange(for: "/held")
        if resets {
            client.resetOnClose()
            client.close()
        } else {
            client.endOutput()
        }
        #expect(try server.journal.wait { server.journal.gone == ["/held"] })
        exchange.respond(Response(status: .ok))
        if !resets { #expect(try client.readResponse().status == 200) }
        #expect(try server.journal.wait { server.statistics.connectionCount == 0 })
        #expect(server.journal.gone.count == 1)
    }

    @Test(arguments: [true, false])
    func `a response that closes the connection is the last`(isStream: Bool) throws {
        let server = try TestServer()
        let client = try server.connect()
        let names = ["/held/1", "/held/2"]
        try client.send(names.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        let exchanges = try names.map { try server.journal.exchange(for: $0) }
        exchanges[1].respond(Response(status: .ok))
        var response = Response(status: .ok, body: [0x61])
        response.closesConnection = true
        if isStream {
            exchanges[0].beginStream(response)
            exchanges[0].endStream()
        } else {
            exchanges[0].respond(response)
        }
        let last = try client.readResponse()
        #expect(last.text == "a")
        #expect(last["connection"] == "close")
        try client.expectEnd()
        #expect(server.journal.gone == ["/held/2"])
    }

    @Test func `a response to a connection that is gone does not reach its successor`() throws {
        let server = try TestServer()
        let first = try server.connect()
        try first.send("GET /held/1 HTTP/1.1\r\nHost: a\r\n\r\n")
        let stale = try server.journal.exchange(for: "/held/1")
        first.resetOnClose()
        first.close()
        #expect(try server.journal.wait { server.statistics.connectionCount == 0 })
        let second = try server.connect()
        try second.send("GET /held/2 HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchange = try server.journal.exchange(for: "/held/2")
        stale.respond(Response(status: .badGateway))
        exchange.respond(Response(status: .ok))
        #expect(try second.readResponse().status == 200)
    }

    @Test func `connections beyond the limit wait until one closes`() throws {
        var limits = ServerLimits()
        limits.connectionsPerLoopMax = 2
        limits.reservedConnectionsMax = 0
        let server = try TestServer(limits: limits)
        let clients = try (0..<2).map { _ in try server.connect() }
        for client in clients { #expect(try client.request("GET", "/").status == 200) }
        let third = try server.connect()
        try third.send("GET /third HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try clients[1].request("GET", "/").status == 200)
        #expect(server.statistics.acceptedCount == 2)
        clients[0].close()
        #expect(try third.readResponse()["x-target"] == "/third")
    }

    @Test func `a loop that is out of descriptors waits and then goes on`() async {
        await #expect(processExitsWith: .success) {
            let server = try TestServer()
            var clients = [try server.connect()]
            #expect(try clients[0].request("GET", "/").status == 200)
            let original = try DescriptorLimit.read().soft
            var limit = try lowestFreeDescriptor() + 8
            try DescriptorLimit.setSoft(limit)
            // Connects until a client has the last descriptor and the server none. When it is the
            // other way round, one descriptor less makes it so.
            while server.statistics.acceptFailureCount == 0 {
                do {
                    clients.append(try server.connect())
                } catch {
                    clients.removeLast().close()
                    limit -= 1
                    try DescriptorLimit.setSoft(limit)
                }
                #expect(try clients[0].request("GET", "/").status == 200)
            }
            // The others are served, and the failure does not repeat while the clock stands.
            for _ in 0..<200 { #expect(try clients[0].request("GET", "/").status == 200) }
            #expect(server.statistics.acceptFailureCount == 1)
            try DescriptorLimit.setSoft(original)
            server.advance(milliseconds: 500)
            #expect(try clients[clients.count - 1].request("GET", "/").status == 200)
        }
    }

    @Test func `a loop that cannot bind leaves nothing running`() throws {
        let taken = try TestServer()
        let free = SocketAddress(host: .v4(0x7f00_0001), port: 0)
        let journal = taken.journal
        let configuration = Configuration(addresses: [free, taken.address], loopCount: 2)
        #expect(throws: SystemError(call: "bind", code: EADDRINUSE)) {
            _ = try Server.start(configuration) { _ in TestHandler(journal) }
        }
    }
}

private func lowestFreeDescriptor() throws -> Int {
    let probe = try EventDescriptor()
    return Int(probe.descriptor.rawValue)
}

/// Runs something that blocks on a thread of its own.
private final class Stopper: Sendable {
    private let thread: Mutex<Thread?>
    private let done: Gate

    init(_ body: @escaping @Sendable () -> Void) throws {
        let done = Gate()
        self.done = done
        thread = Mutex(
            try Thread.spawn(name: "stopper") {
                body()
                done.open()
            }
        )
    }

    var isDone: Bool { done.isOpen }

    func join() {
        thread.withLock { $0.take()?.join() }
    }
}
