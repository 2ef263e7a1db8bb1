import Linux
import Logging
import Platform
import Store

/// Gives up versions that nothing refers to, a few at a time, on a thread of its own.
final class VersionCollector: Sendable {
    /// What is kept, and how often it is looked for what is not.
    struct Settings: Equatable, Sendable {
        /// So many of the newest versions of each function.
        var keepCount = 20
        /// Versions that are younger than this.
        var keepSeconds = 7 * 86_400
        /// How long it rests after it has looked at all functions.
        var collectSeconds = 60

        mutating func apply(_ reader: inout ObjectReader) throws(ConfigurationError) {
            try reader.integer("keepCount", &keepCount)
            try reader.integer("keepSeconds", &keepSeconds)
            try reader.integer("collectSeconds", &collectSeconds)
        }
    }

    private let isStopping = Monitor(false)
    private let threads = ThreadGroup()

    /// How many functions are looked at, and how many versions deleted, before others get their turn.
    private static let functionsAtOnce = 200
    private static let versionsAtOnce = 20
    /// How long it rests between two steps, in nanoseconds.
    private static let pauseNanoseconds: UInt64 = 20_000_000

    /// Starts the thread.
    init(_ api: ControlAPI) throws(SystemError) {
        let isStopping = isStopping
        try threads.spawn(name: "collector") {
            Thread.giveWay(nice: 5)
            var last = ""
            while true {
                var pause = Self.pauseNanoseconds
                do {
                    last = try Self.step(api, after: last) ?? ""
                } catch {
                    api.logger.error("collecting versions", metadata: ["error": "\(error)"])
                    last = ""
                }
                if last.isEmpty {
                    pause = UInt64(api.configuration.versions.collectSeconds) * 1_000_000_000
                }
                let until = Monotonic.now() &+ pause
                let hasToStop = isStopping.wait { isStopping in
                    if isStopping { return .found(true) }
                    return Monotonic.now() >= until ? .found(false) : .nothingUntil(until)
                }
                if hasToStop { return }
            }
        }
    }

    /// Stops the thread.
    func stop() {
        isStopping.withLock { $0 = true }
        isStopping.broadcast()
        threads.joinAll()
    }

    /// Looks at some functions after `name`; nil when those were the last.
    private static func step(_ api: ControlAPI, after name: String) throws -> String? {
        let settings = api.configuration.versions
        let moment = Timestamp.now().microseconds - Int64(settings.keepSeconds) * 1_000_000
        let policy = CollectionPolicy(
            newestCount: settings.keepCount,
            youngerThan: Timestamp(microseconds: moment)
        )
        let (names, last) = try api.deployments.functionsToCollect(
            policy,
            after: name,
            limit: functionsAtOnce
        )
        for name in names {
            var collected: [Int]
            repeat {
                collected = try api.executor.change {
                    let versions = try api.deployments.collectVersions(
                        of: name,
                        policy,
                        limit: versionsAtOnce
                    ) { api.platform.retire($0, of: name) }
                    if !versions.isEmpty { api.platform.forget(versions, of: name) }
                    return versions
                }
                guard !collected.isEmpty else { break }
                api.logger.info(
                    "versions collected",
                    metadata: ["function": "\(name)", "versions": "\(collected)"]
                )
            } while collected.count == versionsAtOnce
        }
        return last
    }
}
