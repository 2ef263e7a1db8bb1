import Linux
public import Wasm

/// The functions of WASI preview 1; sockets are refused, since no guest has any.
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
        process.merging(descriptors(layout)) { $1 }.merging(paths(layout)) { $1 }.merging(sockets) {
            $1
        }
    }

    private static var process: [String: HostFunction] {
        [
            "args_get": makeSimple([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.copyStrings(context.arguments, &call)
            },
            "args_sizes_get": makeSimple([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.stringSizes(context.arguments, &call)
            },
            "environ_get": makeSimple([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.copyStrings(context.environment, &call)
            },
            "environ_sizes_get": makeSimple([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.stringSizes(context.environment, &call)
            },
            "clock_res_get": makeSimple([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.clockResolution(&call)
            },
            "clock_time_get": makeSimple([.i32, .i64, .i32]) { context, call throws(ErrorNumber) in
                try context.clockTime(&call)
            },
            "random_get": makeSuspendable([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.randomGet(&call)
            },
            "proc_exit": HostFunction(FunctionType([.i32])) { call in
                guard let context = call.hostState as? WASIContext else { return noContext }
                return context.exit(&call)
            },
            "proc_raise": makeSimple([.i32]) { context, call throws(ErrorNumber) in
                try context.raise(&call)
            },
            "sched_yield": makeSimple([]) { _, _ in },
        ]
    }

    private static func descriptors(_ layout: Layout) -> [String: HostFunction] {
        [
            "fd_advise": make([.i32, .i64, .i64, .i32]) { context, call throws(ErrorNumber) in
                try context.advise(&call)
            },
            "fd_allocate": make([.i32, .i64, .i64]) { context, call throws(ErrorNumber) in
                try context.allocate(&call)
            },
            "fd_close": make([.i32]) { context, call throws(ErrorNumber) in
                try context.close(&call)
            },
            "fd_datasync": make([.i32]) { context, call throws(ErrorNumber) in
                try context.synchronize(&call, dataOnly: true)
            },
            "fd_fdstat_get": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.descriptorStatus(&call)
            },
            "fd_fdstat_set_flags": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.setFlags(&call)
            },
            "fd_fdstat_set_rights": make([.i32, .i64, .i64]) { context, call throws(ErrorNumber) in
                try context.setRights(&call)
            },
            "fd_filestat_get": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.fileStatus(&call, layout)
            },
            "fd_filestat_set_size": make([.i32, .i64]) { context, call throws(ErrorNumber) in
                try context.setSize(&call)
            },
            "fd_filestat_set_times": make([.i32, .i64, .i64, .i32]) {
                context,
                call throws(ErrorNumber) in
                try context.setTimes(&call)
            },
            "fd_pread": make([.i32, .i32, .i32, .i64, .i32]) { context, call throws(ErrorNumber) in
                try context.transfer(&call, isWrite: false)
            },
            "fd_prestat_dir_name": make([.i32, .i32, .i32]) { context, call throws(ErrorNumber) in
                try context.preopenName(&call)
            },
            "fd_prestat_get": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.preopenStatus(&call)
            },
            "fd_pwrite": make([.i32, .i32, .i32, .i64, .i32]) { context, call throws(ErrorNumber) in
                try context.transfer(&call, isWrite: true)
            },
            "fd_read": makeSuspendable([.i32, .i32, .i32, .i32]) {
                context,
                call throws(ErrorNumber) in
                try context.read(&call)
            },
            "fd_readdir": make([.i32, .i32, .i32, .i64, .i32]) {
                context,
                call throws(ErrorNumber) in
                try context.readDirectory(&call)
            },
            "fd_renumber": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.renumber(&call)
            },
            "fd_seek": make([.i32, .i64, .i32, .i32]) { context, call throws(ErrorNumber) in
                try context.seek(&call, layout)
            },
            "fd_sync": make([.i32]) { context, call throws(ErrorNumber) in
                try context.synchronize(&call, dataOnly: false)
            },
            "fd_tell": make([.i32, .i32]) { context, call throws(ErrorNumber) in
                try context.tell(&call)
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

    private static func paths(_ layout: Layout) -> [String: HostFunction] {
        [
            "path_create_directory": make([.i32, .i32, .i32]) { context, call throws(ErrorNumber) in
                try context.createDirectory(&call)
            },
            "path_filestat_get": make([.i32, .i32, .i32, .i32, .i32]) {
                context,
                call throws(ErrorNumber) in
                try context.pathStatus(&call, layout)
            },
            "path_filestat_set_times": make([.i32, .i32, .i32, .i32, .i64, .i64, .i32]) {
                context,
                call throws(ErrorNumber) in
                try context.pathSetTimes(&call)
            },
            "path_link": make([.i32, .i32, .i32, .i32, .i32, .i32, .i32]) {
                context,
                call throws(ErrorNumber) in
                try context.link(&call)
            },
            "path_open": make([.i32, .i32, .i32, .i32, .i32, .i64, .i64, .i32, .i32]) {
                context,
                call throws(ErrorNumber) in
                try context.open(&call)
            },
            "path_readlink": make([.i32, .i32, .i32, .i32, .i32, .i32]) {
                context,
                call throws(ErrorNumber) in
                try context.readLink(&call)
            },
            "path_remove_directory": make([.i32, .i32, .i32]) { context, call throws(ErrorNumber) in
                try context.remove(&call, isDirectory: true)
            },
            "path_rename": make([.i32, .i32, .i32, .i32, .i32, .i32]) {
                context,
                call throws(ErrorNumber) in
                try context.rename(&call)
            },
            "path_symlink": make([.i32, .i32, .i32, .i32, .i32]) {
                context,
                call throws(ErrorNumber) in
                try context.symlink(&call)
            },
            "path_unlink_file": make([.i32, .i32, .i32]) { context, call throws(ErrorNumber) in
                try context.remove(&call, isDirectory: false)
            },
        ]
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

    /// A function that ends at once and never reaches the kernel.
    private static func makeSimple(
        _ parameters: [ValueType],
        _ body: @escaping @Sendable (WASIContext, inout HostCall) throws(ErrorNumber) -> Void
    ) -> HostFunction {
        makeSuspendable(parameters, isTimed: false) { context, call throws(ErrorNumber) in
            try body(context, &call)
            return .finished
        }
    }

    /// A function that always ends at once.
    private static func make(
        _ parameters: [ValueType],
        _ body: @escaping @Sendable (WASIContext, inout HostCall) throws(ErrorNumber) -> Void
    ) -> HostFunction {
        makeSuspendable(parameters) { context, call throws(ErrorNumber) in
            try body(context, &call)
            return .finished
        }
    }

    /// A function that may also wait, or stop the guest.
    ///
    /// What the kernel does costs what the clock says. It is read around the whole call, so that
    /// neither the checks before nor the closing of files after it are left out.
    private static func makeSuspendable(
        _ parameters: [ValueType],
        isTimed: Bool = true,
        _ body: @escaping @Sendable (WASIContext, inout HostCall) throws(ErrorNumber) -> HostResult
    ) -> HostFunction {
        HostFunction(FunctionType(parameters, [.i32])) { call in
            guard let context = call.hostState as? WASIContext else { return noContext }
            let start = isTimed && context.reachesKernel ? Monotonic.now() : nil
            defer {
                if let start { call.surcharge = max(call.surcharge, Surcharge.time(since: start)) }
            }
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
