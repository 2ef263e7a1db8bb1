import Daemon
import TestSupport
import Testing

extension RunningDaemon {
    /// The record of a call that was answered.
    ///
    /// It is made after the answer, so it is waited for.
    func record(of response: RawHTTPClient.Response) throws -> [String: Any] {
        let id = try #require(response["x-request-id"])
        for _ in 0..<1_000 {
            service.flushRecords()
            let found = try request("GET", "/v1/invocations/\(id)")
            if found.status == 200 { return try Self.json(found) }
        }
        Issue.record("there is no record of \(id)")
        return [:]
    }
}
