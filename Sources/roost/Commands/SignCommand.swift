import ArgumentParser
import Daemon
import Foundation

struct SignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign a module, or make a key to sign with.",
        discussion: """
            Prints the signature, as the field 'Roost-Signature' of an upload has it. \
            'roost deploy --key' signs what it uploads; this is for whoever signs elsewhere.

            With --generate, makes a key file and prints the public key, for 'trustedKeys' in the \
            daemon's configuration. Key files are those of 'openssl genpkey -algorithm ed25519'.
            """
    )

    @Argument(help: "The file to sign; '-' reads standard input.")
    var file: String?

    @Option(help: ArgumentHelp("The key file to sign with.", valueName: "keyfile"))
    var key: String?

    @Option(help: ArgumentHelp("The key file to make; it must not exist.", valueName: "keyfile"))
    var generate: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Where to write the signature.", valueName: "file")
    )
    var output: String?

    @Flag(help: "Print JSON instead of text.")
    var json = false

    func validate() throws {
        if generate != nil {
            guard file == nil, key == nil, output == nil else {
                throw ValidationError("--generate takes no file, no --key and no --output")
            }
        } else if file == nil || key == nil {
            throw ValidationError("give a file and --key, or --generate")
        }
    }

    func run() throws {
        try Output.reportingFailures {
            if let generate {
                let key = SigningKey()
                do {
                    try key.write(toNew: generate)
                } catch {
                    throw Failure(code: .cannotCreate, message: "cannot make \(generate): \(error)")
                }
                return try show(key.publicKey, as: "publicKey")
            }
            guard let file, let key else { return }
            let signature = try SigningKey.read(key).signature(of: try Output.input(file))
            guard let output else { return try show(signature, as: "signature") }
            do {
                try Data("\(signature)\n".utf8).write(to: URL(fileURLWithPath: output))
            } catch {
                let reason = (error as NSError).localizedDescription
                throw Failure(code: .cannotCreate, message: "cannot write \(output): \(reason)")
            }
        }
    }

    private func show(_ text: String, as key: String) throws {
        guard json else { return print(text) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        Output.writeJSON(try encoder.encode([key: text]))
    }

}

extension SigningKey {
    /// Reads a key file.
    static func read(_ path: String) throws -> SigningKey {
        let text = String(decoding: try Output.input(path), as: UTF8.self)
        guard let key = SigningKey(pem: text) else {
            throw Failure(
                code: .noInput,
                message: "\(path) holds no Ed25519 private key (PKCS #8 in PEM)"
            )
        }
        return key
    }
}
