internal import FoundationEssentials

/// What stands where a database should be.
enum FileKind: Equatable {
    case missing
    /// A file of no bytes, which SQLite takes for a new database.
    case empty
    case file
    /// A folder, a socket or the like, a link that leads nowhere, or a file of fewer bytes than any database.
    case other

    /// A page of the smallest size; SQLite takes what is shorter for a new database.
    private static let databaseBytesMin = 512

    /// Looks, without opening anything.
    init(_ path: String) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            self = .missing
            return
        }
        switch attributes[.type] as? FileAttributeType {
        case .typeRegular:
            let size = attributes[.size] as? Int ?? 0
            self = size == 0 ? .empty : size < Self.databaseBytesMin ? .other : .file
        case .typeSymbolicLink:
            self = FileManager.default.fileExists(atPath: path) ? .file : .other
        default: self = .other
        }
    }
}
