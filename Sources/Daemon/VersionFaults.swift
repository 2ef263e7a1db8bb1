import Logging
import Platform
import Store
import Synchronization

/// The versions that cannot serve, because what is stored of them is damaged, and why.
///
/// Any thread. A fault is found when a version or its module is read from the store, or by ``verify(unless:)``; it
/// goes when the module is deployed again, or the version is gone.
final class VersionFaults: Sendable {
    /// One such version.
    struct Fault: Equatable {
        let function: String
        let version: Int
        let reason: String
    }

    private struct State {
        var faults: [String: [Fault]] = [:]
        /// Modules and bundles of files that are known to be damaged, and are not read again.
        var contents: [ModuleDigest: String] = [:]

        mutating func forget(_ content: ModuleDigest) {
            guard let reason = contents.removeValue(forKey: content) else { return }
            for (name, faults) in self.faults {
                let rest = faults.filter { $0.reason != reason }
                self.faults[name] = rest.isEmpty ? nil : rest
            }
        }
    }

    /// What had to be done to the database when the daemon started.
    let recoveryNotes: [String]

    private let deployments: DeploymentStore
    private let logger: Logger
    private let state = Mutex(State())

    init(_ deployments: DeploymentStore, logger: Logger) {
        self.deployments = deployments
        self.logger = logger
        recoveryNotes = deployments.recoveryNotes
        for note in recoveryNotes {
            logger.critical("damage in the data folder", metadata: ["what": "\(note)"])
        }
    }

    /// How many versions cannot serve.
    var count: Int { state.withLock { $0.faults.values.reduce(0) { $0 + $1.count } } }

    /// All of them, by function and version.
    var all: [Fault] {
        state.withLock { state in
            state.faults.keys.sorted().flatMap { state.faults[$0] ?? [] }
        }
    }

    /// Those of a function.
    func of(function: String) -> [Fault] { state.withLock { $0.faults[function] ?? [] } }

    /// Forgets that contents were damaged, which were stored again.
    func forget(_ contents: [ModuleDigest]) {
        state.withLock { state in contents.forEach { state.forget($0) } }
    }

    /// Takes over what was found when a function was read from the store; `deployed` has its module and files back.
    func update(
        _ function: String,
        _ versions: [VersionDescription],
        deployed: VersionRecord? = nil
    ) {
        let new = state.withLock { state in
            if let deployed {
                state.forget(deployed.digest)
                deployed.bundle.map { state.forget($0) }
            }
            var faults = versions.compactMap { version in
                let contents = [
                    version.digest, version.code.files, version.code.script?.runtime.files,
                ]
                let damage = contents.compactMap { $0 }.compactMap { state.contents[$0] }.first
                return (version.fault ?? damage).map {
                    Fault(function: function, version: version.number, reason: $0)
                }
            }
            let old = state.faults[function] ?? []
            faults.sort { $0.version < $1.version }
            state.faults[function] = faults.isEmpty ? nil : faults
            return faults.filter { !old.contains($0) }
        }
        log(new)
    }

    /// Forgets a function that was deleted.
    func forget(function: String) { state.withLock { $0.faults[function] = nil } }

    /// Reads a module for a version that is to be loaded.
    ///
    /// Blocks. Throws when the stored bytes are not what was deployed.
    func module(_ digest: ModuleDigest) throws -> [UInt8]? {
        try content(digest) { digest throws(StoreError) in
            try deployments.moduleBytes(digest: digest)
        }
    }

    /// Reads the files of a bundle for a version that is to be loaded.
    ///
    /// Blocks. Throws when what is stored is not what was deployed.
    func files(_ digest: ModuleDigest) throws -> [StoredFile]? {
        try content(digest) { digest throws(StoreError) in
            try deployments.files(ofBundle: digest)
        }
    }

    private func content<Content>(
        _ digest: ModuleDigest,
        _ read: (ModuleDigest) throws(StoreError) -> Content?
    ) throws -> Content? {
        if let reason = state.withLock({ $0.contents[digest] }) { throw DamagedContent(reason) }
        do throws(StoreError) {
            return try read(digest)
        } catch {
            let reason = Self.reason(error)
            try note(digest, reason)
            throw DamagedContent(reason)
        }
    }

    /// Reads every module, all files and every version once.
    ///
    /// Blocks for long; ends early when told so.
    func verify(unless isStopping: () -> Bool) {
        for digest in (try? deployments.moduleDigests()) ?? [] {
            if isStopping() { return }
            _ = try? module(digest)
        }
        for digest in (try? deployments.bundleDigests()) ?? [] {
            if isStopping() { return }
            _ = try? files(digest)
        }
        var last: String?
        while let page = try? deployments.functions(limit: 100, after: last), !page.isEmpty {
            for record in page {
                if isStopping() { return }
                guard let stored = try? StoredFunction(record, of: deployments) else { continue }
                update(record.name, stored.versions)
            }
            last = page.last?.name
        }
    }

    private func note(_ digest: ModuleDigest, _ reason: String) throws {
        let users = try deployments.versions(using: digest)
        let new = state.withLock { state in
            guard state.contents.updateValue(reason, forKey: digest) == nil else {
                return [Fault]()
            }
            let faults = users.map {
                Fault(function: $0.function, version: $0.number, reason: reason)
            }
            for fault in faults {
                var others = state.faults[fault.function] ?? []
                guard !others.contains(where: { $0.version == fault.version }) else { continue }
                others.append(fault)
                state.faults[fault.function] = others.sorted { $0.version < $1.version }
            }
            return faults
        }
        log(new)
    }

    private func log(_ faults: [Fault]) {
        for fault in faults {
            logger.critical(
                "version quarantined",
                metadata: [
                    "function": "\(fault.function)", "version": "\(fault.version)",
                    "reason": "\(fault.reason)",
                ]
            )
        }
    }

    private static func reason(_ error: StoreError) -> String {
        switch error {
        case .alteredModule(let digest):
            "its module \(digest) is missing or altered on disk: deploy the same module again"
        case .alteredFiles(let digest):
            "its files \(digest) are missing or altered on disk: deploy the same folder or script again"
        default: "its module or its files cannot be read: \(error)"
        }
    }
}

/// Why a module or files are not loaded.
private struct DamagedContent: Error, CustomStringConvertible {
    let description: String

    init(_ reason: String) { description = reason }
}
