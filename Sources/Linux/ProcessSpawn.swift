import CLinux
import Glibc

/// Starts a program with an empty signal mask, every signal at its default, and no descriptor but its streams.
///
/// The corresponding C function is `posix_spawn`. `executable` is a path, `environment` are `NAME=VALUE` texts.
/// Without `input` there is none; without `errors` they go where this process's own go; without `folder` it starts in this
/// process's. The descriptors stay open here.
func spawnProcess(
    _ executable: String,
    _ arguments: [String],
    environment: [String] = [],
    folder: String? = nil,
    input: Int32? = nil,
    output: Int32,
    errors: Int32? = nil
) throws(SystemError) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    var mask = sigset_t()
    var defaults = sigset_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
        unsafe posix_spawn_file_actions_destroy(&actions)
        unsafe posix_spawnattr_destroy(&attributes)
    }
    if let input {
        unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    if let errors { unsafe posix_spawn_file_actions_adddup2(&actions, errors, 2) }
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    if let folder { unsafe posix_spawn_file_actions_addchdir_np(&actions, folder) }
    unsafe sigemptyset(&mask)
    unsafe sigfillset(&defaults)
    unsafe posix_spawnattr_setsigmask(&attributes, &mask)
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    let flags = Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF)
    unsafe posix_spawnattr_setflags(&attributes, flags)
    // SAFETY: the copies live until after the call, which does not keep them.
    var argv = unsafe ([executable] + arguments).map { unsafe strdup($0) } + [nil]
    var variables = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer {
        unsafe argv.forEach { unsafe free($0) }
        unsafe variables.forEach { unsafe free($0) }
    }
    var process: pid_t = 0
    let code = unsafe posix_spawn(&process, executable, &actions, &attributes, &argv, &variables)
    guard code == 0 else { throw SystemError(call: "posix_spawn \(executable)", code: code) }
    return process
}

extension ChildProcess.Termination {
    /// What a status of `waitpid` means, for a process that has ended.
    init(waitStatus status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .exited((status >> 8) & 0xff) : .signaled(signal)
    }
}
