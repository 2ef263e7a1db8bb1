import ArgumentParser

/// The program: parses the command line and leaves the work to `Daemon`, here or over HTTP.
@main
struct Roost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roost",
        abstract: "Runs WebAssembly functions behind HTTP.",
        discussion: """
            All commands but 'serve', 'run', 'new', 'build', 'sign' and 'doctor' talk to a daemon: to the one at \
            --url, else \
            ROOST_URL, else http://127.0.0.1:8080. They show it the token given by --token, else \
            ROOST_TOKEN, else the file 'token' in the data folder. The data folder is --data, else \
            ROOST_DATA, else $XDG_DATA_HOME/roost, else ~/.local/share/roost.

            EXIT CODES
              0   done
              1   the daemon refused the request, or the function failed (status 400 or more), or 'doctor' \
            found something
              64  the command line is wrong
              65  a file does not hold what it should, or a project cannot be built
              66  a file cannot be read
              69  the daemon cannot be reached
              71  the kernel refuses what was needed
              72  a compiler is missing
              73  a file cannot be written
              76  the daemon's answer makes no sense
            'run' exits with the guest's own code, and 'serve' with 0 after SIGTERM.
            """,
        version: "0.1.0",
        subcommands: [
            ServeCommand.self, DeployCommand.self, InvokeCommand.self, ListCommand.self,
            LogsCommand.self, InvocationCommand.self, QueryCommand.self, BenchCommand.self,
            PoolCommand.self, VersionsCommand.self, AliasCommand.self, RollbackCommand.self,
            HistoryCommand.self, ConfigCommand.self, SecretCommand.self, DeleteCommand.self,
            RuntimeCommand.self, RunCommand.self, TokenCommand.self, AuditCommand.self,
            SignCommand.self, CapabilitiesCommand.self, NewCommand.self, BuildCommand.self,
            DevCommand.self, ExportCommand.self, ImportCommand.self, DoctorCommand.self,
            CheckModuleCommand.self,
        ]
    )
}
