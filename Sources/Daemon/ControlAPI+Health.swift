import HTTP
import Store

/// What is wrong with what the daemon stores.
extension ControlAPI {
    /// Answers `GET /v1/health`.
    func health(_ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        let versions = faults.all
        let isDegraded = !versions.isEmpty || !faults.recoveryNotes.isEmpty
        return json([
            "status": isDegraded ? "degraded" : "ok",
            "recovery": .array(faults.recoveryNotes.map { JSONValue($0) }),
            "quarantined": .array(
                versions.map { fault in
                    [
                        "function": JSONValue(fault.function),
                        "version": JSONValue(fault.version), "reason": JSONValue(fault.reason),
                    ]
                }
            ),
        ])
    }
}
