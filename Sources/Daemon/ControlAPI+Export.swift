import HTTP
import HTTPServer
import Logging
import Platform
import Store

/// Functions as a file: `GET /v1/export`.
extension ControlAPI {
    /// Takes on a request for an export; false when it is another request.
    ///
    /// Blocks until the file is made; it is sent by `transfers`.
    func beginExport(
        _ request: Request,
        identifier: String,
        caller: Caller,
        _ exchange: Exchange,
        _ transfers: FileTransfers
    ) -> Bool {
        guard request.head.method == .get, request.head.path == "/v1/export" else { return false }
        let path = transfers.makePath()
        let head = answer(request, identifier) {
            do {
                let control = try ControlRequest(request, identifier: identifier, caller: caller)
                let detail = try export(control, to: path)
                audit(control, Self.exportHead, detail)
            } catch {
                transfers.discard(path)
                throw error
            }
            return Self.exportHead
        }
        if head.status != .ok {
            exchange.respond(head)
        } else if !transfers.download(path, as: head, to: exchange) {
            exchange.respond(
                Problem.busy.response(requestIdentifier: identifier, path: request.head.path)
            )
        }
        return true
    }

    /// Answers `HEAD /v1/export`.
    func describeExport(_ request: ControlRequest) throws -> Response { Self.exportHead }

    private static var exportHead: Response {
        Response(
            status: .ok,
            fields: [
                "Content-Type": "application/vnd.sqlite3", "Cache-Control": "no-store",
                "Content-Disposition": #"attachment; filename="roost-export.db""#,
            ]
        )
    }

    /// Makes the file; returns what is noted of it.
    private func export(
        _ request: ControlRequest,
        to path: String
    ) throws -> [String: JSONValue?] {
        try request.allowQuery("functions", "secrets", "records")
        let names = try request.query["functions"]?.split(separator: ",").map {
            try name(String($0)).description
        }
        let withSecrets = try request.boolean("secrets") ?? false
        let withRecords = try request.boolean("records") ?? false
        let writer = try ExportWriter(path: path)
        let exported = try writer.add(
            from: deployments,
            functions: names,
            withSecrets: withSecrets
        )
        var recordCount = 0
        if withRecords {
            recordCount = try writer.add(from: invocations, functions: exported)
        }
        try writer.finish()
        logger.info(
            "functions exported",
            metadata: ["functions": "\(exported.count)", "records": "\(recordCount)"]
        )
        return [
            "functions": JSONValue(exported.count), "secrets": JSONValue(withSecrets),
            "records": JSONValue(withRecords),
            "names": names.map { Self.auditNames($0) },
        ]
    }

    /// The names of functions, as many as an entry of the audit trail has.
    static func auditNames(_ names: [String]) -> JSONValue {
        .array(names.prefix(100).map { JSONValue($0) })
    }
}
