import HTTPWasm
import WASI
public import Wasm

/// Something that a module may do beyond computing, told from its imports.
///
/// What a module does not import it cannot do: the list is complete, and says nothing about whether an
/// import is ever called.
public struct Capability: Equatable, Sendable {
    /// What the module may do, in words: `reads the clock`.
    public let summary: String
    /// What the platform makes of it, where that is not plain; else nil.
    public let note: String?
    /// The imports that it takes, as `module.name`, in the module's order.
    public let imports: [String]

    /// What the imports of a module let it do, the plainest first; each import is in one of these.
    public static func all(of imports: [Module.ImportDescription]) -> [Capability] {
        var names: [Group: [String]] = [:]
        // Go's compiler imports some twice.
        var seen: Set<String> = []
        for entry in imports {
            let name = "\(entry.module).\(entry.name)"
            guard seen.insert(name).inserted else { continue }
            names[group(entry.module, entry.name), default: []].append(name)
        }
        return Group.allCases.compactMap { group in
            names[group].map { Capability(summary: group.rawValue, note: group.note, imports: $0) }
        }
    }

    /// Why the platform refuses a module for its imports, one by one; empty when it takes it.
    ///
    /// What only interpreters of runtimes may import is not among them.
    public static func refusals(of module: Module) -> [String] {
        do throws(LinkError) {
            _ = try module.link(HostModules.runtimeImports)
            return []
        } catch {
            let rest = error.omittedCount > 0 ? ["and \(error.omittedCount) more"] : []
            return error.problems.map { "\($0.module).\($0.name): \($0.reason)" } + rest
        }
    }

    /// Kinds of imports, by what they are for, in the order of reports.
    enum Group: String, CaseIterable {
        case environment = "reads the request's head and its own settings"
        case body = "reads the request's body"
        case request = "changes the request that goes to the next function"
        case response = "writes the response and the log"
        case clock = "reads the clock"
        case randomness = "uses randomness"
        case waiting = "sleeps, or waits for input"
        case reading = "reads files of its bundle"
        case writing = "changes files"
        case sockets = "uses sockets"
        case ending = "ends itself with an exit code or a signal"
        case streams = "looks at and positions its open streams and files"
        case other = "calls other functions of its host"

        var note: String? {
            switch self {
            case .writing: "refused: files are read-only behind HTTP"
            case .sockets: "refused: there are none"
            case .ending: "a code other than 0 is a failure"
            default: nil
            }
        }
    }

    static func group(_ module: String, _ name: String) -> Group {
        switch module {
        case WASIPreview1.moduleName, WASIPreview1.unstableModuleName: systemGroup(name)
        case HandlerInterface.moduleName: handlerGroup(name)
        default: .other
        }
    }

    private static func systemGroup(_ name: String) -> Group {
        switch name {
        case "environ_get", "environ_sizes_get", "args_get", "args_sizes_get": .environment
        case "fd_read": .body
        case "fd_write": .response
        case "clock_res_get", "clock_time_get": .clock
        case "random_get": .randomness
        case "poll_oneoff", "sched_yield": .waiting
        case "fd_pread", "fd_readdir", "path_open", "path_filestat_get", "path_readlink",
            "fd_prestat_get", "fd_prestat_dir_name":
            .reading
        case "fd_pwrite", "fd_allocate", "fd_sync", "fd_datasync", "fd_filestat_set_size",
            "fd_filestat_set_times", "path_create_directory", "path_filestat_set_times",
            "path_link", "path_remove_directory", "path_rename", "path_symlink",
            "path_unlink_file":
            .writing
        case "sock_accept", "sock_recv", "sock_send", "sock_shutdown": .sockets
        case "proc_exit", "proc_raise": .ending
        case "fd_advise", "fd_close", "fd_fdstat_get", "fd_fdstat_set_flags",
            "fd_fdstat_set_rights", "fd_filestat_get", "fd_renumber", "fd_seek", "fd_tell":
            .streams
        default: .other
        }
    }

    private static func handlerGroup(_ name: String) -> Group {
        switch name {
        case "get_config", "get_method", "get_uri", "get_protocol_version", "get_source_addr",
            "get_header_names", "get_header_values", "get_status_code", "enable_features":
            .environment
        case "read_body": .body
        case "set_method", "set_uri": .request
        case "set_status_code", "set_header_value", "add_header_value", "remove_header",
            "write_body", "log", "log_enabled":
            .response
        default: .other
        }
    }
}

extension PreparedModule {
    /// What the module may do, told from its imports.
    public var capabilities: [Capability] { Capability.all(of: loaded.image.module.imports) }
}
