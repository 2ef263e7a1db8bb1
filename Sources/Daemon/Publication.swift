import Platform
import Store

extension StoredFunction {
    /// How many versions are read at a time.
    private static let pageSize = 500

    /// Reads all versions of a function.
    ///
    /// The stored configurations were within the ceilings when they were stored; ceilings that have
    /// been lowered since do not make a function vanish. One that cannot be read is its version's fault.
    init(_ record: FunctionRecord, of store: DeploymentStore) throws {
        var versions: [VersionDescription] = []
        var before: Int?
        while true {
            let page = try store.versions(
                of: record.name,
                limit: Self.pageSize,
                before: before
            )
            for version in page {
                let (configuration, fault) = Self.configuration(of: version)
                let (code, codeFault) = Self.code(of: version)
                versions.append(
                    VersionDescription(
                        number: version.number,
                        digest: version.digest,
                        code: code,
                        configuration: configuration,
                        // Of what was stored before there were others, all are commands.
                        interface: GuestInterface(rawValue: version.guestInterface) ?? .wasiCommand,
                        fault: fault ?? codeFault
                    )
                )
            }
            guard page.count == Self.pageSize, let last = page.last else { break }
            before = last.number
        }
        self.init(record, versions: versions)
    }

    /// A stored configuration; or none, and why it cannot be read.
    private static func configuration(
        of version: VersionRecord
    ) -> (FunctionConfiguration, fault: String?) {
        guard !version.configuration.isEmpty else {
            return (
                FunctionConfiguration(),
                "it was lost: deploy the function anew, together with its configuration, or roll back"
            )
        }
        do {
            let json = try JSONValue(parsing: version.configuration)
            return (try FunctionConfiguration(json: json, ceilings: .highest), nil)
        } catch {
            return (FunctionConfiguration(), "its stored configuration cannot be read: \(error)")
        }
    }

    /// What a version runs beside its module; or why that cannot be told.
    private static func code(of version: VersionRecord) -> (VersionCode, fault: String?) {
        do {
            return (try VersionCode(of: version), nil)
        } catch {
            return (
                VersionCode(files: version.bundle),
                "the runtime of its script was lost: add the same one again, or deploy the script again"
            )
        }
    }
}

extension FunctionConfiguration.Ceilings {
    /// Ceilings that allow everything that any ceilings could have allowed.
    static var highest: Self {
        var ceilings = Self()
        ceilings.memoryBytes = .max
        ceilings.timeoutMilliseconds = Int(Int32.max)
        ceilings.requestBytes = .max
        ceilings.outputBytes = .max
        ceilings.logBytes = .max
        ceilings.poolInstances = .max
        ceilings.concurrency = .max
        ceilings.queue = .max
        ceilings.environmentVariables = .max
        ceilings.environmentBytes = .max
        ceilings.routes = .max
        return ceilings
    }
}
