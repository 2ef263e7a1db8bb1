import Linux
import TestSupport
import Testing

struct ServiceSupervisorTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func receive(_ receiver: borrowing DatagramSocket) throws -> String? {
        try receiver.receive(timeoutMilliseconds: 5_000).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: ["path", "name"])
    func `each state is a message`(kind: String) throws {
        let place = kind == "path" ? folder.file("notify") : "@" + folder.path
        let receiver = try DatagramSocket(boundTo: #require(SocketAddress(unixPath: place)))
        let manager = ServiceSupervisor(environment: ["NOTIFY_SOCKET": place])
        manager.notify(.ready)
        #expect(try receive(receiver) == "READY=1")
        let before = Monotonic.now() / 1_000
        manager.notify(.reloading)
        let parts = try #require(try receive(receiver)).split(separator: "\n")
        #expect(parts.first == "RELOADING=1")
        let time = try #require(parts.last).split(separator: "=")
        #expect(time.first == "MONOTONIC_USEC")
        #expect((before...Monotonic.now() / 1_000).contains(UInt64(time[1]) ?? 0))
        manager.notify(.stopping)
        #expect(try receive(receiver) == "STOPPING=1")
    }

    @Test(arguments: [nil, "", "/nowhere/at/all"])
    func `a manager that cannot be reached is no trouble`(place: String?) {
        ServiceSupervisor(environment: place.map { ["NOTIFY_SOCKET": $0] } ?? [:]).notify(.ready)
    }

    @Test(
        arguments: [
            [:], ["LISTEN_FDS": "1"], ["LISTEN_PID": "6", "LISTEN_FDS": "1"],
            ["LISTEN_PID": "7"], ["LISTEN_PID": "7", "LISTEN_FDS": "0"],
            ["LISTEN_PID": "7", "LISTEN_FDS": "-1"], ["LISTEN_PID": "7", "LISTEN_FDS": "x"],
            ["LISTEN_PID": "7", "LISTEN_FDS": "1000000"], ["LISTEN_PID": "", "LISTEN_FDS": "1"],
        ]
    )
    func `sockets for another process, or none, are not taken`(
        environment: [String: String]
    ) throws {
        let manager = ServiceSupervisor(environment: environment, processIdentifier: 7)
        try manager.takeSockets { name, socket in
            Issue.record("took \(name), \(socket.address)")
        }
    }
}
