import Logging
import Platform
import Store
import Synchronization

/// Seals and opens the secrets of functions.
///
/// Any thread that may block.
final class SecretVault: Sendable {
    private let source: SecretKeySource
    private let deployments: DeploymentStore
    private let logger: Logger
    /// Held while the key is looked for, and made if there is none: two would each make one.
    private let making = Mutex(())
    /// The functions whose secrets could not be opened when they were needed last.
    private let complaints = Mutex<Set<FunctionName>>([])

    /// The most functions that are remembered to have been complained of.
    private static let complaintsMax = 1_000

    init(_ source: SecretKeySource, _ deployments: DeploymentStore, _ logger: Logger) {
        self.source = source
        self.deployments = deployments
        self.logger = logger
    }

    /// Seals a value; makes the data folder's key if there is no secret yet.
    func seal(_ value: SecretValue, _ name: String, of function: FunctionName) throws -> NewSecret {
        let keyring = try making.withLock { _ in
            try source.keyring(makingUnless: !deployments.secretKeysInUse().isEmpty)
        }
        return NewSecret(
            name: name,
            sealed: try keyring.seal(value, function: function.description, name: name)
        )
    }

    /// Whether a secret is sealed with the key that seals now, which may have been replaced since.
    ///
    /// To be asked by whoever stores it, on the thread for changes, which is the one that replaces the key.
    func isCurrent(_ secret: NewSecret) throws -> Bool {
        try source.keyring().keyIdentifier == secret.keyIdentifier
    }

    /// Opens stored secrets.
    func open(_ records: [SecretRecord]) throws(SecretError) -> [Secret] {
        guard !records.isEmpty else { return [] }
        let keyring = try source.keyring()
        var secrets: [Secret] = []
        for record in records {
            let value = try keyring.open(
                record.sealed,
                function: record.function,
                name: record.name
            )
            secrets.append(Secret(name: record.name, value: value))
        }
        return secrets
    }

    /// Opens the secrets of a version that is about to serve; tells the log when it cannot.
    func open(_ function: FunctionName, version: Int) throws -> [Secret] {
        do {
            let secrets = try open(deployments.secrets(of: function.description, version: version))
            _ = complaints.withLock { $0.remove(function) }
            return secrets
        } catch {
            let isNew = complaints.withLock { complaints in
                if complaints.count >= Self.complaintsMax { complaints = [] }
                return complaints.insert(function).inserted
            }
            if isNew {
                logger.error(
                    "secrets cannot be opened: the function answers 503",
                    metadata: [
                        "function": "\(function)", "version": "\(version)", "error": "\(error)",
                    ]
                )
            }
            throw error
        }
    }

    /// Why a secret cannot be opened; nil when it can.
    func problem(of record: SecretRecord) -> String? {
        do {
            _ = try open([record])
            return nil
        } catch {
            return error.description
        }
    }

    /// Tells the log of stored secrets that cannot be opened.
    func check() throws {
        let needed = try deployments.secretKeysInUse()
        guard !needed.isEmpty else { return }
        do {
            let keyring = try source.keyring()
            for (identifier, count) in needed where !keyring.contains(identifier) {
                logger.error(
                    "secrets were sealed with a key that is not there: their functions answer 503",
                    metadata: [
                        "keyFile": "\(source.path)", "keyId": "\(identifier)",
                        "functions": "\(count)",
                    ]
                )
            }
        } catch {
            logger.error(
                "no secret can be opened: the functions that have some answer 503",
                metadata: ["error": "\(error)"]
            )
        }
    }

    /// Seals all secrets anew; returns how many were sealed with another key before.
    func rotateKey() throws -> Int { try deployments.rotateSecretKey(source) }
}
