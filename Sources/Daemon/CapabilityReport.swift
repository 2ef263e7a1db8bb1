import Glibc
import Linux
import Platform
import Wasm
import WasmText

/// What a module imports and what that lets it do, as a document.
package enum CapabilityReport {
    /// The most bytes of a file that is looked at.
    package static let fileBytesMax = 1 << 30

    static func json(_ capabilities: [Capability]) -> JSONValue {
        .array(
            capabilities.map { capability in
                var members: [String: JSONValue] = [
                    "summary": JSONValue(capability.summary),
                    "imports": .array(capability.imports.map { .string($0) }),
                ]
                if let note = capability.note { members["note"] = JSONValue(note) }
                return .object(members)
            }
        )
    }

    /// The report on a stored module.
    static func json(ofModule bytes: [UInt8]) throws(ModuleError) -> JSONValue {
        json(Capability.all(of: try Module(bytes, threads: Processors.count).imports))
    }

    /// The report on a module in a file, which is validated first; `.wat` is the text format.
    ///
    /// Throws ``Failure`` with a line for the reader.
    package static func file(_ path: String) throws(Failure) -> JSONValue {
        let bytes: [UInt8]?
        do throws(SystemError) {
            bytes = try FileDescriptor(opening: path, flags: O_RDONLY).readToEnd(
                limit: fileBytesMax
            )
        } catch {
            throw Failure(isUnreadable: true, message: "\(error)")
        }
        guard let bytes else {
            throw Failure(isUnreadable: true, message: "\(path) is over \(fileBytesMax) bytes")
        }
        do {
            let isText = path.hasSuffix(".wat")
            let module = try Module(
                isText ? try TextModule.encode(bytes) : bytes,
                threads: Processors.count
            )
            return [
                "file": JSONValue(path),
                "capabilities": json(Capability.all(of: module.imports)),
                "refused": .array(Capability.refusals(of: module).map { .string($0) }),
            ]
        } catch {
            let mark = error is TextError ? ":" : ": "
            throw Failure(isUnreadable: false, message: "\(path)\(mark)\(error)")
        }
    }

    /// Why there is no report on a file.
    package struct Failure: Error, Equatable {
        /// Whether it cannot be read, and not what it holds is wrong.
        package let isUnreadable: Bool
        /// The reason, with the file's name.
        package let message: String
    }
}
