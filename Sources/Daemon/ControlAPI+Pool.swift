import HTTP
import Linux
import Platform

/// What is in memory of functions.
extension ControlAPI {
    /// Answers `GET /v1/pool`: all together, then the versions in memory, those used last first.
    func pool(_ request: ControlRequest) throws -> Response {
        try request.allowQuery("limit")
        let limit = try request.integer("limit", in: 0...100_000) ?? 100
        let report = platform.poolReport
        let now = Monotonic.now()
        var total = Self.members(of: report.total)
        let more: [String: Int] = [
            "functions": report.functionCount,
            "dormantFunctions": report.dormantFunctionCount,
            "loadedVersions": report.versions.count,
            "loads": report.loadCount, "evictedVersions": report.evictedVersionCount,
            "residentBytes": report.residentBytes, "residentBytesMax": report.residentBytesMax,
            "processBytes": report.processBytes,
        ]
        for (name, value) in more { total[name] = JSONValue(value) }
        let versions = report.versions.prefix(limit).map { version in
            var members = Self.members(of: version.counts)
            members["function"] = JSONValue(version.function.description)
            members["version"] = JSONValue(version.number)
            if version.lastUse > 0 {
                let idle = (now &- min(version.lastUse, now)) / 1_000_000
                members["lastUseMsAgo"] = JSONValue(Int(clamping: idle))
            }
            return JSONValue.object(members)
        }
        return json(["total": .object(total), "versions": .array(versions)])
    }

    private static func members(of counts: PoolReport.Counts) -> [String: JSONValue] {
        let resetMicroseconds =
            counts.resets == 0
            ? 0 : Double(counts.resetNanoseconds / UInt64(counts.resets)) / 1_000
        return [
            "idle": JSONValue(counts.idle), "inUse": JSONValue(counts.inUse),
            "waiting": JSONValue(counts.waiting), "hits": JSONValue(counts.hits),
            "misses": JSONValue(counts.misses), "refills": JSONValue(counts.refills),
            "idleDrops": JSONValue(counts.idleDrops), "evictions": JSONValue(counts.evictions),
            "resets": JSONValue(counts.resets), "resetUs": .number(resetMicroseconds),
            "moduleBytes": JSONValue(counts.moduleBytes),
            "codeBytes": JSONValue(counts.codeBytes), "imageBytes": JSONValue(counts.imageBytes),
            "privateBytes": JSONValue(counts.privateBytes),
        ]
    }
}
