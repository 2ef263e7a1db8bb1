import Daemon
import Foundation
import TestSupport
import Testing

/// Where a rollback goes.
struct RollbackTests {
    private let folder: ScratchFolder
    private let daemon: TestDaemon

    /// A function whose version 1 is live.
    init() throws {
        folder = try ScratchFolder()
        daemon = try TestDaemon(data: URL(filePath: folder.file("data")))
        try deploy(1)
    }

    private func deploy(_ number: Int, query: String = "") throws {
        let answer = try daemon.request(
            "PUT",
            "/v1/functions/f\(query)",
            fields: [("Content-Type", "application/wasm")],
            body: GuestModule.writing("Status: 200\n\n\(number)")
        )
        #expect((200...201).contains(answer.status), "\(answer.text)")
    }

    private func point(to version: Int, _ more: String = "") throws {
        let body = #"{"version":\#(version)\#(more)}"#
        let answer = try daemon.request(
            "PUT",
            "/v1/functions/f/aliases/live",
            body: Array(body.utf8)
        )
        #expect(answer.status == 200, "\(answer.text)")
    }

    /// Rolls back; answers the version that serves then, nil when there is none to go to.
    private func rollBack(_ body: String? = nil) throws -> String? {
        let answer = try daemon.request(
            "POST",
            "/v1/functions/f/rollback",
            body: body.map { Array($0.utf8) }
        )
        guard answer.status == 200 else {
            #expect(answer.status == 409, "\(answer.text)")
            return nil
        }
        return try daemon.request("GET", "/f/f").text
    }

    @Test func `a version that a rollback has left is not gone back to`() throws {
        try deploy(2)
        #expect(try rollBack() == "1")
        try deploy(3)
        #expect(try rollBack() == "1")
        #expect(try rollBack() == nil)
    }

    @Test func `rollbacks go back step by step, whichever way the versions came to be live`() throws
    {
        try deploy(2)
        try deploy(3)
        try point(to: 1)
        try deploy(4)
        for expected in ["1", "3", "2", "1", nil] { #expect(try rollBack() == expected) }
    }

    @Test func `a split is ended first, and its steps are one`() throws {
        try deploy(2)
        try deploy(3, query: "?activate=false")
        try point(to: 2, #","weights":{"3":0.05}"#)
        try point(to: 2, #","weights":{"3":0.5}"#)
        for expected in ["2", "1", nil] { #expect(try rollBack() == expected) }
        // A share that became the whole is a step like any other.
        try point(to: 3, #","weights":{"1":0.5}"#)
        try point(to: 3)
        for expected in ["1", nil] { #expect(try rollBack() == expected) }
    }

    @Test func `after live was deleted, a rollback finds what it led to before`() throws {
        try deploy(2)
        #expect(try daemon.request("DELETE", "/v1/functions/f/aliases/live").status == 204)
        #expect(try daemon.request("POST", "/v1/functions/f/rollback").status == 404)
        try deploy(3)
        for expected in ["2", "1", nil] { #expect(try rollBack() == expected) }
    }

    @Test func `a rollback goes to the version that it is given`() throws {
        try deploy(2)
        try deploy(3)
        #expect(try rollBack(#"{"version":1}"#) == "1")
        #expect(try rollBack() == nil)
        for (body, status) in [
            (#"{"version":9}"#, 404), (#"{"version":0}"#, 400), (#"{"version":"1"}"#, 400),
            (#"{"to":1}"#, 400), ("1", 400), ("{", 400),
        ] {
            let answer = try daemon.request(
                "POST",
                "/v1/functions/f/rollback",
                body: Array(body.utf8)
            )
            #expect(answer.status == status, "\(body): \(answer.text)")
        }
        #expect(try daemon.request("GET", "/f/f").text == "1")
        let result = try daemon.roost("rollback", "f", "3")
        #expect(result.output == "f is back at version 3\n", "\(result.errors)")
        let history = try daemon.json("GET", "/v1/functions/f/history?limit=1")["history"]
        #expect((history as? [[String: Any]])?.first?["kind"] as? String == "rollback")
    }

    @Test func `a rollback knows its way after a kill`() throws {
        try deploy(2)
        #expect(try rollBack() == "1")
        try deploy(3)
        daemon.kill()
        let again = try TestDaemon(data: daemon.data)
        #expect(try again.request("POST", "/v1/functions/f/rollback").status == 200)
        #expect(try again.request("GET", "/f/f").text == "1")
        again.stop()
    }
}
