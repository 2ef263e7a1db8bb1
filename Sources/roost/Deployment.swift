import Daemon
import Foundation

/// What is uploaded to become a function's new version.
struct Deployment {
    /// The function's name.
    let name: String
    /// The module or the script.
    let code: Data
    /// The code's media type.
    let type: String
    /// The whole configuration of the version; nil keeps what there is.
    var configuration: JSONValue?
    /// A merge patch of the configuration, as JSON.
    var patch: Data?
    /// What signs the code.
    var key: SigningKey?

    /// Reads the code from a file, whose name and beginning tell the media type; `-` is standard input.
    ///
    /// What has a runtime is a script, whatever its name.
    init(
        name: String,
        file: String,
        runtime: String? = nil,
        configuration: JSONValue? = nil
    ) throws {
        self.name = name
        self.configuration = configuration
        code = try Output.input(file)
        let isModule = code.starts(with: [0x00, 0x61, 0x73, 0x6d])
        let text = runtime == nil ? "application/wasm" : "text/plain"
        type = isModule ? "application/wasm" : Self.mediaType(of: file) ?? text
    }

    /// Makes an archive of a folder, whose configuration is in it.
    init(name: String, folder: FunctionFolder) throws {
        self.name = name
        code = try folder.archive()
        type = "application/x-tar"
    }

    /// The request that uploads it.
    func request() throws -> DaemonClient.Request {
        var request = DaemonClient.Request(
            method: "PUT",
            path: "/v1/functions/\(DaemonClient.segment(name))"
        )
        if configuration == nil, patch == nil {
            request.headers = [(name: "Content-Type", value: type)]
            request.body = code
        } else {
            var form = FormBody()
            form.add("module", code, type: type)
            if let configuration {
                let document = try JSONEncoder().encode(configuration)
                form.add("config", document, type: "application/json")
            }
            if let patch { form.add("patch", patch, type: "application/json") }
            request.headers = [(name: "Content-Type", value: form.contentType)]
            request.body = form.data
        }
        if let key {
            request.headers.append((name: SigningKey.fieldName, value: try key.signature(of: code)))
        }
        return request
    }

    private static func mediaType(of file: String) -> String? {
        switch URL(filePath: file).pathExtension {
        case "js", "mjs": "text/javascript"
        case "py": "text/x-python"
        case "wat": "text/wat"
        case "tar": "application/x-tar"
        default: nil
        }
    }
}
