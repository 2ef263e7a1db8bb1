import ArgumentParser
import Daemon

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the daemon in the foreground until SIGTERM or SIGINT.",
        discussion: """
            Prints 'listening on http://HOST:PORT' or 'listening on unix:/PATH' when it is ready. The \
            token for the control plane is in the file 'token' of the data folder, made at the first \
            start.

            SIGHUP has it read the configuration file again and open the access log anew. Sockets that \
            a service manager has opened (LISTEN_FDS) take the place of --listen; one of the name \
            'admin' takes that of --admin-listen.
            """
    )

    @OptionGroup var folder: DataFolderOptions

    @Option(
        help: ArgumentHelp(
            "Where functions are called; port 0: any.",
            valueName: "host:port|unix:/path"
        )
    )
    var listen = "127.0.0.1:8080"

    @Option(
        help: ArgumentHelp(
            "Where the control plane is, if not at the same place.",
            valueName: "host:port|unix:/path"
        )
    )
    var adminListen: String?

    @Option(help: ArgumentHelp("A configuration file.", valueName: "file"))
    var config: String?

    @Option(help: "Event loops. (default: one per processor core)")
    var workers: Int?

    @Flag(help: "Ask for no token; only on a loopback address or a Unix-domain socket.")
    var dev = false

    func validate() throws {
        if let workers, workers < 1 { throw ValidationError("--workers must be at least 1") }
    }

    func run() throws {
        let options = ServeOptions(
            data: folder.path,
            listen: listen,
            adminListen: adminListen,
            config: config,
            workers: workers,
            dev: dev
        )
        throw ExitCode(Daemon.serve(options))
    }
}
