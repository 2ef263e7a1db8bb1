import Daemon
import Foundation
import TestSupport
import Testing

/// Documents with mistakes: each is refused, with what is wrong and where, and nothing is changed.
struct DocumentErrorTests {
    private let folder: ScratchFolder
    private let daemon: TestDaemon

    init() throws {
        folder = try ScratchFolder()
        daemon = try TestDaemon(data: URL(filePath: folder.file("data")))
        #expect(try daemon.deploy("f", GuestModule.sample("hello")) == 201)
    }

    @Test(arguments: [
        ("PATCH", "/functions/f/config", #"{"concurency":null}"#, "did you mean 'concurrency'?"),
        ("PATCH", "/functions/f/config", #"{"limits":{"fule":null}}"#, "mean 'limits.fuel'?"),
        ("PATCH", "/functions/f/config", #"{"routes":[{"pth":"/x"}]}"#, "mean 'routes[0].path'?"),
        ("PATCH", "/functions/f/config", #"{"secrets":{"A":"b"}}"#, "'roost secret set'"),
        (
            "PATCH", "/functions/f/config", #"{"env":{"A":"1","A":"2"}}"#,
            "'A' is given twice, at line 1"
        ),
        ("PUT", "/functions/f/config", "{\n \"env\": {\n}", "found the end, at line 3, column 2"),
        ("PUT", "/functions/f/aliases/live", #"{"versoin":1}"#, "did you mean 'version'?"),
        ("PUT", "/functions/f/aliases/live", "{}", "version: should be a version's number"),
        ("POST", "/tokens", #"{"nmae":"x","scopes":["read"]}"#, "did you mean 'name'?"),
        ("POST", "/tokens", #"{"name":"x","scopse":["read"]}"#, "did you mean 'scopes'?"),
        ("POST", "/tokens", #"{"name":"x"}"#, "scopes: should be at least one of"),
    ])
    func `a mistake is named, with its place`(
        method: String,
        path: String,
        body: String,
        reason: String
    ) throws {
        let answer = try daemon.request(method, "/v1\(path)", body: Array(body.utf8))
        #expect([400, 422].contains(answer.status))
        let detail = try RunningDaemon.json(answer)["detail"] as? String ?? ""
        #expect(detail.contains(reason), "\(detail)")
        #expect(try daemon.json("GET", "/v1/functions/f")["revision"] as? Int == 1)
    }

    @Test func `a name that is to be removed must be one`() throws {
        let unset = try daemon.roost("config", "f", "--unset", "limits.timeout")
        #expect(unset.exitCode == 1)
        #expect(unset.errors.contains("did you mean 'limits.timeoutMs'?"), "\(unset.errors)")
        let known = try daemon.roost("config", "f", "--unset", "limits.timeoutMs")
        #expect(known.exitCode == 0)
    }

    @Test(arguments: [
        (
            "{\n  env: { A: \"1\" },\n  debug true\n}",
            "expected ':' and found 't', at line 3, column 9"
        ),
        ("{ env: { A: \"1\", A: \"2\" } }", "the name 'A' is given twice, at line 1, column 18"),
        ("{ secrets: { A: \"1\" } }", "'roost secret set'"),
        ("", "found the end, at line 1, column 1"),
    ])
    func `a mistake in roost.json too`(text: String, reason: String) throws {
        let project = URL(filePath: folder.file("shop"))
        try FileManager.default.createDirectory(at: project, withIntermediateDirectories: true)
        try Data(GuestModule.counting.utf8).write(to: project.appending(path: "shop.wat"))
        try Data(text.utf8).write(to: project.appending(path: "roost.json"))
        let result = try daemon.roost("deploy", project.path(percentEncoded: false))
        #expect(result.exitCode == 65)
        #expect(result.errors.contains("roost.json: "), "\(result.errors)")
        #expect(result.errors.contains(reason), "\(result.errors)")
    }
}
