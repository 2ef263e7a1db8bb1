import HTTPServer

/// Changing settings while the daemon runs.
extension DaemonConfiguration {
    /// What `new` comes to in a daemon that runs with this configuration: the settings that are in
    /// effect then, and the keys of those that have changed but wait for a restart.
    func reloading(
        _ new: DaemonConfiguration
    ) -> (settings: DaemonConfiguration, awaitingRestart: [String]) {
        var settings = new
        var keys: [String] = []
        func keep<Value: Equatable>(
            _ key: String,
            _ path: WritableKeyPath<DaemonConfiguration, Value>
        ) {
            guard settings[keyPath: path] != self[keyPath: path] else { return }
            settings[keyPath: path] = self[keyPath: path]
            keys.append(key)
        }
        keep("data", \.data)
        keep("listen", \.listen)
        keep("dev", \.dev)
        keep("adminListen", \.adminListen)
        keep("eventLoops", \.workers)
        keep("guestThreads", \.guestThreads)
        keep("asyncCalls", \.asyncCalls)
        keep("access.auditRecordsMax", \.access.auditRecordsMax)
        keep("control.queueMax", \.controlQueueMax)
        keep("invocations.max", \.invocationsMax)
        keep("invocations.retentionSeconds", \.retentionSeconds)
        keep("invocations.retentionRecords", \.retentionRecords)
        keep("invocations.retentionBytes", \.retentionBytes)
        keep("invocations.sampleSuccesses", \.sampleSuccesses)
        keep("tracing", \.tracing)
        keep("metrics.functionsMax", \.metricsFunctionsMax)
        keep("pool.residentBytesMax", \.residentBytesMax)
        keep("pool.dormantAfterMs", \.dormantAfterMilliseconds)
        keep("pool.warmMs", \.warmMilliseconds)
        keep("secrets.keyFile", \.secretKeyFile)
        keep("server.listenBacklogMax", \.server.listenBacklogMax)
        return (settings, keys)
    }
}
