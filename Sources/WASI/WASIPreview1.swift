public import Wasm

/// The functions of WASI preview 1, without a file system or sockets.
///
/// An execution that calls them must have a ``WASIContext`` as its host state. All addresses are
/// checked: a wrong one is answered with `EFAULT`, never with a trap.
public enum WASIPreview1 {
    /// The name under which guests import the functions.
    public static let moduleName = "wasi_snapshot_preview1"

    /// The name of the snapshot before, which some old guests import.
    public static let unstableModuleName = "wasi_unstable"

    /// Every function of `wasi_snapshot_preview1`, by name.
    public static let functions: [String: HostFunction] = table(.snapshot1)
        .merging(["sock_accept": refusing([.i32, .i32, .i32], .notsock)]) { $1 }

    /// Every function of `wasi_unstable`, by name.
    public static let unstableFunctions: [String: HostFunction] = table(.snapshot0)

    /// Defines every function under both module names.
    public static func define(in imports: inout Imports) {
        for (name, function) in functions { imports.define(moduleName, name, function) }
        for (name, function) in unstableFunctions {
            imports.define(unstableModuleName, name, function)
        }
    }

    private static func table(_ layout: Layout) -> [String: HostFunction] {
        process.merging(descriptors(layout)) { $1 }.merging(paths) { $1 }.merging(sockets) { $1 }
    }

    private static var process: [String: HostFunction] {
        [
            "args_get": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.copyStrings(context.arguments, &call)
            },
            "args_sizes_get": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.stringSizes(context.arguments, &call)
            },
            "environ_get": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.copyStrings(context.environment, &call)
            },
            "environ_sizes_get": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.stringSizes(context.environment, &call)
            },
            "clock_res_get": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.clockResolution(&call)
            },
            "clock_time_get": make([.i32, .i64, .i32]) { context, call throws(ErrorNumber) in
                try context.clockTime(&call)
            },
            "random_get": makeSuspendable([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.randomGet(&call)
            },
            "proc_exit": HostFunction(FunctionType([.i32])) { call in
                guard let context = call.hostState as? WASIContext else { return noContext }
                return context.exit(&call)
            },
            "proc_raise": make([.i32]) { context, call throws(ErrorNumber) in
                try context.raise(&call)
            },
            "sched_yield": make([]) { _, _ in },
        ]
    }

    private static func descriptors(_ layout: Layout) -> [String: HostFunction] {
        [
            "fd_advise": refusing([.i32, .i64, .i64, .i32], .badf),
            "fd_allocate": refusing([.i32, .i64, .i64], .badf),
            "fd_close": make([.i32]) { context, call throws(ErrorNumber) in
                try context.close(&call)
            },
            "fd_datasync": refusing([.i32], .badf),
            "fd_fdstat_get": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.descriptorStatus(&call)
            },
            "fd_fdstat_set_flags": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.setFlags(&call)
            },
            "fd_fdstat_set_rights": refusing([.i32, .i64, .i64], .badf),
            "fd_filestat_get": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.fileStatus(&call, layout)
            },
            "fd_filestat_set_size": refusing([.i32, .i64], .badf),
            "fd_filestat_set_times": refusing([.i32, .i64, .i64, .i32], .badf),
            "fd_pread": make([.i32, .i32, .i32, .i64, .i32]) { context, call throws(ErrorNumber) in
                try context.refusePositioned(&call, .read)
            },
            "fd_prestat_dir_name": refusing([.i32, .i32, .i32], .notdir),
            "fd_prestat_get": refusing([.i32, .i32], .badf),
            "fd_pwrite": make([.i32, .i32, .i32, .i64, .i32]) { context, call throws(ErrorNumber) in
                try context.refusePositioned(&call, .write)
            },
            "fd_read": makeSuspendable([.i32, .i32, .i32, .i32]) {
                context,
                call throws(ErrorNumber) in
                try context.read(&call)
            },
            "fd_readdir": refusing([.i32, .i32, .i32, .i64, .i32], .badf),
            "fd_renumber": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.renumber(&call)
            },
            "fd_seek": make([.i32, .i64, .i32, .i32]) { context, call throws(ErrorNumber) in
                try context.refuseSeek(&call)
            },
            "fd_sync": refusing([.i32], .badf),
            "fd_tell": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.refuseSeek(&call)
            },
            "fd_write": makeSuspendable([.i32, .i32, .i32, .i32]) {
                context,
                call throws(ErrorNumber) in
                try context.write(&call)
            },
            "poll_oneoff": makeSuspendable([.i32, .i32, .i32, .i32]) {
                context,
                call throws(ErrorNumber) in
                try context.poll(&call, layout)
            },
        ]
    }

    /// No descriptor is a directory: every one of them is the wrong kind, or not open.
    private static var paths: [String: HostFunction] {
        let types: [String: [ValueType]] = [
            "path_create_directory": [.i32, .i32, .i32],
            "path_filestat_get": [.i32, .i32, .i32, .i32, .i32],
            "path_filestat_set_times": [.i32, .i32, .i32, .i32, .i64, .i64, .i32],
            "path_link": [.i32, .i32, .i32, .i32, .i32, .i32, .i32],
            "path_open": [.i32, .i32, .i32, .i32, .i32, .i64, .i64, .i32, .i32],
            "path_readlink": [.i32, .i32, .i32, .i32, .i32, .i32],
            "path_remove_directory": [.i32, .i32, .i32],
            "path_rename": [.i32, .i32, .i32, .i32, .i32, .i32],
            "path_symlink": [.i32, .i32, .i32, .i32, .i32],
            "path_unlink_file": [.i32, .i32, .i32],
        ]
        return types.mapValues { parameters in
            make(parameters) { _, _ throws(ErrorNumber) in throw .badf }
        }
    }

    private static var sockets: [String: HostFunction] {
        [
            "sock_recv": refusing([.i32, .i32, .i32, .i32, .i32, .i32], .notsock),
            "sock_send": refusing([.i32, .i32, .i32, .i32, .i32], .notsock),
            "sock_shutdown": refusing([.i32, .i32], .notsock),
        ]
    }
}

// MARK: - Making functions

extension WASIPreview1 {
    private static var noContext: HostResult { .trap("the execution has no WASI context") }

    /// A function that needs another kind of descriptor than there is.
    private static func refusing(_ parameters: [ValueType], _ error: ErrorNumber) -> HostFunction {
        make(parameters) { context, call throws(ErrorNumber) in
            try context.refuse(&call, error)
        }
    }

    /// A function that always ends at once.
    private static func make(
        _ parameters: [ValueType],
        _ body: @escaping @Sendable (WASIContext, inout HostCall) throws(ErrorNumber) -> Void
    ) -> HostFunction {
        HostFunction(FunctionType(parameters, [.i32])) { call in
            guard let context = call.hostState as? WASIContext else { return noContext }
            do throws(ErrorNumber) {
                try body(context, &call)
                call.setResult(0, .i32(0))
            } catch {
                call.setResult(0, .i32(Int32(error.rawValue)))
            }
            return .finished
        }
    }

    /// A function that may also wait, or stop the guest.
    private static func makeSuspendable(
        _ parameters: [ValueType],
        _ body: @escaping @Sendable (WASIContext, inout HostCall) throws(ErrorNumber) -> HostResult
    ) -> HostFunction {
        HostFunction(FunctionType(parameters, [.i32])) { call in
            guard let context = call.hostState as? WASIContext else { return noContext }
            do throws(ErrorNumber) {
                let result = try body(context, &call)
                guard case .finished = result else { return result }
                call.setResult(0, .i32(0))
            } catch {
                call.setResult(0, .i32(Int32(error.rawValue)))
            }
            return .finished
        }
    }
}
