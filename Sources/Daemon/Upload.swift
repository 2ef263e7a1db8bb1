import Foundation
import HTTP
import Platform

/// What a deployment brings: a module, and perhaps the configuration of its version.
struct Upload {
    /// The module's media type, as it was sent.
    var contentType: String
    var body: [UInt8]
    /// The whole configuration; nil keeps what there is.
    var configuration: JSONValue?
    /// A merge patch (RFC 7396) of the configuration.
    var patch: JSONValue?

    /// The configuration of the version, where there is one before it.
    func configuration(inheriting inherited: () throws -> JSONValue) rethrows -> JSONValue {
        let whole = try configuration ?? inherited()
        return patch.map { whole.merging($0) } ?? whole
    }
}

extension ControlAPI {
    /// Takes apart what was uploaded: a module alone, or a form (`multipart/form-data`, RFC 7578) with the parts
    /// `module`, `config` and `patch`.
    func upload(_ request: ControlRequest) throws(Problem) -> Upload {
        let type = request.fields["content-type"] ?? "application/wasm"
        let limit = configuration.moduleBytesMax
        guard MultipartForm.isMeant(by: type) else {
            return Upload(contentType: type, body: try unpacked(request, limit: limit))
        }
        let documentsLimit = configuration.controlRequestBytesMax
        let body = try unpacked(request, limit: limit + documentsLimit)
        var upload: Upload?
        var documents: [String: JSONValue] = [:]
        for part in try MultipartForm(body, contentType: type).parts {
            switch part.name {
            case "module":
                guard part.body.count <= limit else {
                    throw .tooLarge("the module", byteCountMax: limit)
                }
                upload = Upload(
                    contentType: part.contentType ?? "application/octet-stream",
                    body: Array(part.body)
                )
            case "config", "patch":
                guard part.body.count <= documentsLimit else {
                    throw .tooLarge("part '\(part.name)'", byteCountMax: documentsLimit)
                }
                documents[part.name] = try Self.document(in: part)
            default:
                let nearest = NearestName.of(part.name, among: ["module", "config", "patch"]) ?? ""
                throw .badRequest("part '\(part.name)' is not known: did you mean '\(nearest)'?")
            }
        }
        guard var upload else { throw .badRequest("the form has no part 'module'") }
        upload.configuration = documents["config"]
        upload.patch = documents["patch"]
        if let patch = upload.patch {
            do throws(ConfigurationError) {
                try FunctionConfiguration.checkNames(ofPatch: patch)
            } catch {
                throw Self.problem(of: error)
            }
        }
        return upload
    }

    private static func document(in part: MultipartForm.Part) throws(Problem) -> JSONValue {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(parsing: part.body, allowsJSON5: true)
        } catch {
            throw .badRequest("part '\(part.name)': \(error)")
        }
        guard document.members != nil else {
            throw .badRequest("part '\(part.name)' should be a JSON object")
        }
        return document
    }
}
