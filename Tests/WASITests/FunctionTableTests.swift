import Testing
import WASI
import Wasm

struct FunctionTableTests {
    /// Parameter types: `i` for i32, `I` for i64; every function but `proc_exit` answers an i32.
    private static let signatures: [(name: String, parameters: String)] = [
        ("args_get", "ii"), ("args_sizes_get", "ii"),
        ("environ_get", "ii"), ("environ_sizes_get", "ii"),
        ("clock_res_get", "ii"), ("clock_time_get", "iIi"),
        ("fd_advise", "iIIi"), ("fd_allocate", "iII"), ("fd_close", "i"), ("fd_datasync", "i"),
        ("fd_fdstat_get", "ii"), ("fd_fdstat_set_flags", "ii"), ("fd_fdstat_set_rights", "iII"),
        ("fd_filestat_get", "ii"), ("fd_filestat_set_size", "iI"),
        ("fd_filestat_set_times", "iIIi"), ("fd_pread", "iiiIi"), ("fd_prestat_get", "ii"),
        ("fd_prestat_dir_name", "iii"), ("fd_pwrite", "iiiIi"), ("fd_read", "iiii"),
        ("fd_readdir", "iiiIi"), ("fd_renumber", "ii"), ("fd_seek", "iIii"), ("fd_sync", "i"),
        ("fd_tell", "ii"), ("fd_write", "iiii"),
        ("path_create_directory", "iii"), ("path_filestat_get", "iiiii"),
        ("path_filestat_set_times", "iiiiIIi"), ("path_link", "iiiiiii"),
        ("path_open", "iiiiiIIii"), ("path_readlink", "iiiiii"),
        ("path_remove_directory", "iii"), ("path_rename", "iiiiii"), ("path_symlink", "iiiii"),
        ("path_unlink_file", "iii"), ("poll_oneoff", "iiii"), ("proc_exit", "i"),
        ("proc_raise", "i"), ("sched_yield", ""), ("random_get", "ii"), ("sock_accept", "iii"),
        ("sock_recv", "iiiiii"), ("sock_send", "iiiii"), ("sock_shutdown", "ii"),
    ]

    @Test func `every function of preview 1 exists with its type`() {
        #expect(WASIPreview1.functions.count == Self.signatures.count)
        for (name, parameters) in Self.signatures {
            let types = parameters.map { $0 == "i" ? ValueType.i32 : .i64 }
            let results: [ValueType] = name == "proc_exit" ? [] : [.i32]
            #expect(
                WASIPreview1.functions[name]?.type == FunctionType(types, results),
                "\(name)"
            )
        }
    }

    @Test func `the older snapshot lacks only sock_accept`() {
        let missing = Set(WASIPreview1.functions.keys)
            .subtracting(WASIPreview1.unstableFunctions.keys)
        #expect(missing == ["sock_accept"])
        for (name, function) in WASIPreview1.unstableFunctions {
            #expect(WASIPreview1.functions[name]?.type == function.type, "\(name)")
        }
    }

    @Test(arguments: [0, 7, UInt64(UInt32.max)])
    func `no argument of any function stops the host`(value: UInt64) {
        for (name, function) in WASIPreview1.functions {
            let guest = FakeGuest()
            let arguments = function.type.parameters.map { $0 == .i32 ? value : UInt64.max }
            let result = guest.perform(name, arguments).result
            if name == "proc_exit" { continue }
            guard case .finished = result else {
                Issue.record("\(name) with \(value) answered \(result)")
                continue
            }
        }
    }

    @Test(arguments: Array(WASIPreview1.functions.keys))
    func `a call without a context traps`(name: String) {
        guard let function = WASIPreview1.functions[name] else { return }
        var memory: [UInt8] = []
        let arguments = function.type.parameters.map { _ in UInt64(0) }
        let call = function.callDirectly(arguments, memory: &memory, hostState: nil)
        guard case .trap = call.result else {
            Issue.record("answered \(call.result)")
            return
        }
    }

    @Test func `error numbers are those of the published list`() {
        #expect(ErrorNumber.allCases.count == 77)
        #expect(ErrorNumber.badf.rawValue == 8)
        #expect(ErrorNumber.fault.rawValue == 21)
        #expect(ErrorNumber.inval.rawValue == 28)
        #expect(ErrorNumber.notsock.rawValue == 57)
        #expect(ErrorNumber.spipe.rawValue == 70)
        #expect(ErrorNumber.notcapable.rawValue == 76)
        #expect(ErrorNumber.toobig.name == "E2BIG")
        #expect(ErrorNumber.badf.name == "EBADF")
    }
}
