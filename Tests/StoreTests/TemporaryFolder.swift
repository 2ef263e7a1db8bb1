import FoundationEssentials
import Store

/// A data folder under the system's temporary folder, removed at the end of a test.
final class TemporaryFolder {
    let path: String

    init() {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("roost-store-\(UUID().uuidString)").path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func open() throws -> DataFolder { try DataFolder(path: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }
}
