internal import GRDB
internal import Linux

/// Why a store refused or failed.
public enum StoreError: Error, Equatable, Sendable {
    /// No function has this name.
    case noSuchFunction(String)

    /// The function has no version with this number.
    case noSuchVersion(function: String, version: Int)

    /// The function has no alias with this name.
    case noSuchAlias(function: String, alias: String)

    /// The version is live, and no earlier one ever was.
    case noEarlierVersion(function: String, version: Int)

    /// Functions have versions that use the runtime; some of their names are given.
    case runtimeInUse(String, functionCount: Int, functions: [String])

    /// The runtime got another build, or was deleted, after a version was made for this one.
    case runtimeChanged

    /// The precondition does not hold; `currentRevision` is `nil` when the function does not exist.
    case preconditionFailed(currentRevision: Int?)

    /// The cursor was not made by this store.
    case invalidCursor

    /// The invocation database cannot be opened at present.
    case unavailable(String)

    /// Another process uses the data folder.
    case dataFolderInUse(path: String)

    /// A block of records in the invocation database does not read as one.
    case damagedBlock

    /// A search for a text is not in the syntax of FTS5.
    case invalidSearch(reason: String)
    /// A later version of the program has changed the database.
    case newerSchema(path: String)

    /// The bytes that are stored for a module are not the module.
    case alteredModule(ModuleDigest)
    /// The files of a bundle are not those that were stored.
    case alteredFiles(ModuleDigest)

    /// The file is not an export, or not a sound one.
    case invalidExport(String)

    /// An import would change functions that exist, and was not told to.
    case functionsExist([String])

    /// SQLite failed, with its extended result code.
    case database(code: Int32, message: String)

    /// The file system refused.
    case io(String)

    init(_ error: any Error) {
        switch error {
        case let error as StoreError:
            self = error
        case let error as DatabaseError:
            self = .database(
                code: error.extendedResultCode.rawValue,
                message: error.message ?? "\(error.resultCode)"
            )
        case let error as SystemError:
            self = .io(error.description)
        default:
            self = .io("\(error)")
        }
    }
}

extension StoreError {
    /// Whether the error says that there is no room on the disk, or none that the database may take.
    public var isDiskFull: Bool {
        guard case .database(let code, _) = self else { return false }
        return ResultCode(rawValue: code).primaryResultCode == .SQLITE_FULL
    }

    /// Whether the error says that the database's files cannot be used at present, though the database is sound.
    public var isDiskFailure: Bool {
        guard case .database(let code, _) = self else { return false }
        return [.SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_BUSY].contains(
            ResultCode(rawValue: code).primaryResultCode
        )
    }

    /// Whether the error says that a database does not hold what it should.
    var isDamage: Bool {
        switch self {
        case .damagedBlock:
            return true
        case .database(let code, _):
            let primary = ResultCode(rawValue: code).primaryResultCode
            return primary == .SQLITE_CORRUPT || primary == .SQLITE_NOTADB
        default:
            return false
        }
    }
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noSuchFunction(let name): "there is no function '\(name)'"
        case .noSuchVersion(let function, let version):
            "function '\(function)' has no version \(version)"
        case .noSuchAlias(let function, let alias): "function '\(function)' has no alias '\(alias)'"
        case .noEarlierVersion(let function, let version):
            "version \(version) of function '\(function)' has none before it that was live"
        case .runtimeInUse(let name, let count, let functions):
            "runtime '\(name)' is used by \(count) function\(count == 1 ? "" : "s"): "
                + functions.joined(separator: ", ")
                + (count > functions.count ? ", …" : "")
        case .runtimeChanged: "the runtime was replaced or deleted meanwhile"
        case .preconditionFailed(let revision?): "the function is at revision \(revision)"
        case .preconditionFailed(nil): "the function does not exist"
        case .invalidCursor: "the cursor is not one that was handed out"
        case .unavailable(let reason): "the invocation database is unavailable: \(reason)"
        case .dataFolderInUse(let path): "data folder \(path) is in use by another process"
        case .damagedBlock: "the invocation database holds a damaged block of records"
        case .invalidSearch(let reason): "the search is not valid: \(reason)"
        case .newerSchema(let path): "\(path) was changed by a later version of roost"
        case .alteredModule(let digest): "the module \(digest) is not what was stored"
        case .alteredFiles(let digest): "the files \(digest) are not what was stored"
        case .invalidExport(let reason): "the file cannot be imported: \(reason)"
        case .functionsExist(let names):
            "functions exist already: \(names.prefix(10).joined(separator: ", "))"
                + (names.count > 10 ? " and \(names.count - 10) more" : "")
        case .database(let code, let message): "database: \(message) (\(code))"
        case .io(let reason): reason
        }
    }
}
