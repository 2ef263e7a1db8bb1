import HTTP
import Platform
import Store

/// What was deployed, given back.
extension ControlAPI {
    /// Answers `GET /v1/functions/{name}/versions/{n}/module`: a module or a script that stands alone as it is, all
    /// else as an archive that makes the same version when it is deployed.
    func module(
        _ number: Int,
        of name: FunctionName,
        _ request: ControlRequest
    ) throws -> Response {
        try request.allowQuery()
        let version = try versionRecord(number, of: name)
        guard let bundle = version.bundle else {
            return try deployed("application/wasm", digest: version.digest, request) {
                try moduleBytes(of: version)
            }
        }
        guard let files = try deployments.files(ofBundle: bundle) else {
            throw Problem.internalError("the files \(bundle) are not in the store")
        }
        let (type, bytes): (String, [UInt8])
        if let main = version.main, files.count == 1, files[0].path == main {
            let language = ScriptLanguage(fileName: main)
            (type, bytes) = (language?.mediaTypes[0] ?? "text/plain", files[0].bytes)
        } else {
            (type, bytes) = ("application/x-tar", try archive(of: version, files))
        }
        return try deployed(type, digest: ModuleDigest(of: bytes), request) { bytes }
    }

    private func deployed(
        _ type: String,
        digest: ModuleDigest,
        _ request: ControlRequest,
        _ bytes: () throws -> [UInt8]
    ) throws -> Response {
        let tag = "\"\(digest)\""
        if request.fields["if-none-match"] == tag {
            return Response(status: .notModified, fields: ["ETag": tag])
        }
        return Response(
            status: .ok,
            fields: ["Content-Type": type, "ETag": tag],
            body: try bytes()
        )
    }

    private func moduleBytes(of version: VersionRecord) throws -> [UInt8] {
        guard let bytes = try deployments.moduleBytes(digest: version.digest) else {
            throw Problem.internalError("the module \(version.digest) is not in the store")
        }
        return bytes
    }

    /// The files of a version with its module or script, and a `roost.json` that says which it is and how it is set.
    private func archive(of version: VersionRecord, _ files: [StoredFile]) throws -> [UInt8] {
        var settings = try JSONValue(parsing: Array(version.configuration)).members ?? [:]
        var members = files.map { (path: $0.path, bytes: $0.bytes) }
        if let main = version.main {
            settings["module"] = JSONValue(main)
            settings["runtime"] = JSONValue(version.runtime?.runtime)
        } else {
            let taken = Set(files.map(\.path))
            let names = (0...files.count).map { $0 == 0 ? "module.wasm" : "module-\($0).wasm" }
            let name = names.first { !taken.contains($0) } ?? ""
            settings["module"] = JSONValue(name)
            members.insert((name, try moduleBytes(of: version)), at: 0)
        }
        members.insert((ProjectFile.fileName, JSONValue.object(settings).encoded()), at: 0)
        return TarWriter.archive(members)
    }
}
