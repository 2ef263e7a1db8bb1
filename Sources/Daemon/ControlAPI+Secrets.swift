import HTTP
import Logging
import Platform
import Store

/// Secrets: set, listed by name and deleted, never shown.
extension ControlAPI {
    /// The longest name of a secret, in bytes.
    private static let secretNameBytesMax = 128

    /// Answers `GET /v1/functions/{name}/secrets`: those of the live, else the latest, version.
    func listSecrets(of name: FunctionName, _ request: ControlRequest) throws -> Response {
        try request.allowQuery("version")
        let function = try function(name)
        let version = try versionToConfigure(request, function, name)
        let records = try deployments.secrets(of: name.description, version: version.number)
        let secrets: [JSONValue] = records.map { record in
            [
                "name": JSONValue(record.name),
                "setAt": JSONValue(record.setAt.description),
                "problem": JSONValue(vault.problem(of: record)),
            ]
        }
        return json(
            ["secrets": .array(secrets), "version": JSONValue(version.number)],
            fields: ["ETag": Self.tag(function)]
        )
    }

    /// Answers `PUT /v1/functions/{name}/secrets/{secret}`, whose body is the value.
    func putSecret(
        _ secret: String,
        of name: FunctionName,
        _ request: ControlRequest
    ) throws -> Response {
        try request.allowQuery("activate")
        try checkName(ofSecret: secret)
        let value = try secretValue(request)
        return try makeVersion(of: name, request) { base in
            let (version, secrets) = try versionAndSecrets(base, name)
            return VersionPlan(
                kind: .secretSet,
                code: try draft(of: version),
                configuration: try Self.storedConfiguration(of: version),
                secrets: secrets.filter { $0.name != secret },
                newSecret: (
                    Secret(name: secret, value: value), try vault.seal(value, secret, of: name)
                ),
                secretName: secret,
                source: version.source
            )
        }
    }

    /// Answers `DELETE /v1/functions/{name}/secrets/{secret}`.
    func deleteSecret(
        _ secret: String,
        of name: FunctionName,
        _ request: ControlRequest
    ) throws -> Response {
        try request.allowQuery("activate")
        return try makeVersion(of: name, request) { base in
            let (version, secrets) = try versionAndSecrets(base, name)
            guard secrets.contains(where: { $0.name == secret }) else {
                throw Problem.notFound("function '\(name)' has no secret '\(secret)'")
            }
            return VersionPlan(
                kind: .secretDelete,
                code: try draft(of: version),
                configuration: try Self.storedConfiguration(of: version),
                secrets: secrets.filter { $0.name != secret },
                secretName: secret,
                source: version.source
            )
        }
    }

    /// Answers `POST /v1/secrets/rotate-key`.
    func rotateSecretKey(_ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        let count = try executor.change { [vault] in try vault.rotateKey() }
        logger.info("secrets sealed with another key", metadata: ["secrets": "\(count)"])
        return json(["resealed": JSONValue(count)])
    }

    private func versionAndSecrets(
        _ base: FunctionRecord?,
        _ name: FunctionName
    ) throws -> (VersionRecord, [SecretRecord]) {
        guard let base else { throw StoreError.noSuchFunction(name.description) }
        let version = try versionRecord(base.currentVersion, of: name)
        return (version, try secrets(ofVersionAfter: base))
    }

    private func checkName(ofSecret name: String) throws(Problem) {
        let isGood = name.utf8.enumerated().allSatisfy { index, byte in
            let isLetter =
                (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || byte == UInt8(ascii: "_")
            return isLetter || (index > 0 && (0x30...0x39).contains(byte))
        }
        guard isGood, (1...Self.secretNameBytesMax).contains(name.utf8.count) else {
            throw .badRequest(
                "'\(name)' is not a secret's name: 1 to \(Self.secretNameBytesMax) of A-Z, a-z, 0-9 "
                    + "and '_', with no digit first"
            )
        }
    }

    private func secretValue(_ request: ControlRequest) throws(Problem) -> SecretValue {
        let limit = configuration.ceilings.environmentBytes
        guard !request.body.isEmpty else {
            throw .badRequest("the body, which is the value, is empty")
        }
        guard request.body.count <= limit else { throw .tooLarge("the value", byteCountMax: limit) }
        guard let text = String(validating: request.body, as: UTF8.self), !text.utf8.contains(0)
        else { throw .badRequest("the value must be UTF-8 without NUL") }
        return SecretValue(text)
    }
}
