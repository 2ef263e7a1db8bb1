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

            'roost help exit-codes', 'environment', 'calling' and 'completion' tell more.
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
        ],
        groupedSubcommands: [CommandGroup(name: "Help Topics", subcommands: HelpTopics.all)]
    )
}
