/// What `roost serve` was asked to do.
public struct ServeOptions: Equatable, Sendable {
    /// The data folder.
    public var data: String

    /// `HOST:PORT` or `unix:/PATH` of the data plane; port 0 lets the kernel choose.
    public var listen: String

    /// `HOST:PORT` or `unix:/PATH` of the control plane; `nil`: on the data plane's socket.
    public var adminListen: String?

    /// A configuration file.
    public var config: String?

    /// Event loops; `nil`: one per processor core.
    public var workers: Int?

    /// Whether the control plane needs no token, on a loopback address only.
    public var dev: Bool

    /// Makes a set of options.
    public init(
        data: String,
        listen: String,
        adminListen: String? = nil,
        config: String? = nil,
        workers: Int? = nil,
        dev: Bool = false
    ) {
        self.data = data
        self.listen = listen
        self.adminListen = adminListen
        self.config = config
        self.workers = workers
        self.dev = dev
    }
}

/// What `roost run` was asked to do.
public struct RunOptions: Equatable, Sendable {
    /// An environment variable for the guest.
    public struct Variable: Equatable, Sendable {
        /// The name, without `=`.
        public var name: String

        /// The value, of which nothing is expanded.
        public var value: String

        /// Makes a variable.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A folder that the guest may use.
    public struct Directory: Equatable, Sendable {
        /// Where it is.
        public var host: String

        /// The name by which the guest knows it.
        public var guest: String

        /// Makes a pair.
        public init(host: String, guest: String) {
            self.host = host
            self.guest = guest
        }
    }

    /// The module.
    public var file: String

    /// The guest's environment, in order.
    public var environment: [Variable]

    /// The guest's folders, in order.
    public var directories: [Directory]

    /// The guest's arguments after the program's name.
    public var arguments: [String]

    /// The most instructions; `nil`: no limit.
    public var fuel: Int64?

    /// The most linear memory; `nil`: the default limit.
    public var memoryBytes: Int?

    /// The longest time; `nil`: no limit.
    public var timeoutMilliseconds: Int?

    /// Makes a set of options.
    public init(
        file: String,
        environment: [Variable] = [],
        directories: [Directory] = [],
        arguments: [String] = [],
        fuel: Int64? = nil,
        memoryBytes: Int? = nil,
        timeoutMilliseconds: Int? = nil
    ) {
        self.file = file
        self.environment = environment
        self.directories = directories
        self.arguments = arguments
        self.fuel = fuel
        self.memoryBytes = memoryBytes
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}
