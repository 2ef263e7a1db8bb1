import HTTP
import Platform
import Store

/// What modules import, and what that needs.
extension ControlAPI {
    /// Answers `GET /v1/functions/{name}/capabilities`: of the version that `?version=` names, else of the live, else of the latest.
    func capabilities(of name: FunctionName, _ request: ControlRequest) throws -> Response {
        try request.allowQuery("version")
        let function = try function(name)
        let number =
            try request.integer("version", in: 1...Int(Int32.max)) ?? function.liveVersion
            ?? function.latestVersion
        let version = try versionRecord(number, of: name)
        guard let bytes = try deployments.moduleBytes(digest: version.digest) else {
            throw Problem.internalError("the module \(version.digest) is not in the store")
        }
        return json([
            "function": JSONValue(version.function),
            "version": JSONValue(version.number),
            "digest": JSONValue(version.digest.description),
            "interface": JSONValue(version.guestInterface),
            "capabilities": try CapabilityReport.json(ofModule: bytes),
        ])
    }
}
