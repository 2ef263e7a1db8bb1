import Foundation
import Linux
import TestSupport
import Testing

/// A daemon that is killed at any moment: what was answered for holds afterwards.
struct KillTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// What the client knows of the function.
    private struct Knowledge {
        /// The text that the function answers; nil: there is none.
        var acknowledged: String?
        /// What it may answer instead, if the last change was not answered for.
        var pending: String??
    }

    private func client(_ url: String) throws -> RawHTTPClient {
        let port = try #require(url.split(separator: ":").last.flatMap { UInt16($0) })
        let address = try #require(SocketAddress(host: "127.0.0.1", port: port))
        return try RawHTTPClient(address, timeoutMilliseconds: 20_000)
    }

    private func answer(_ client: RawHTTPClient) throws -> String? {
        let response = try client.request("GET", "/f/hello")
        #expect([200, 404].contains(response.status), "\(response.status) \(response.text)")
        return response.status == 200 ? response.text : nil
    }

    @Test func `after each kill there is the old state or the new, and never a third`() throws {
        var knowledge = Knowledge()
        var counter = 0
        for round in 0..<6 {
            let (process, url) = try Program.serve(
                data: URL(filePath: folder.file("data")),
                arguments: ["--dev"]
            )
            let client = try client(url)
            let found = try answer(client)
            let isKnown = found == knowledge.acknowledged || knowledge.pending == .some(found)
            #expect(isKnown, "\(String(describing: found)) \(knowledge)")
            knowledge = Knowledge(acknowledged: found)
            // Killed from another thread, at another place in the work each time.
            let pid = process.processIdentifier
            let delay = UInt32(2_000 + round * 23_000)
            let killer = Thread {
                usleep(delay)
                kill(pid, SIGKILL)
            }
            killer.start()
            do {
                while true {
                    counter += 1
                    let isDeletion = counter % 4 == 0 && knowledge.acknowledged != nil
                    let text = "answer \(counter)"
                    knowledge.pending = .some(isDeletion ? nil : text)
                    let response =
                        try isDeletion
                        ? client.request("DELETE", "/v1/functions/hello")
                        : client.request(
                            "PUT",
                            "/v1/functions/hello",
                            body: GuestModule.writing("Content-Type: text/plain\n\n\(text)")
                        )
                    #expect((200...204).contains(response.status))
                    knowledge = Knowledge(acknowledged: isDeletion ? nil : text)
                    // What was answered for is all that is seen from now on.
                    #expect(try answer(client) == knowledge.acknowledged)
                }
            } catch {
                // The connection broke.
            }
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal)
        }
        #expect(counter > 6)
    }
}
