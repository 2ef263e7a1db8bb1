public import FoundationEssentials
import Platform
import Store

/// What `roost doctor` found.
public struct DoctorReport: Sendable {
    /// One thing, for the reader.
    public struct Finding: Sendable {
        /// `problem`, `mended` or `note`.
        public let label: String
        /// What it is about.
        public let place: String
        /// What was found.
        public let detail: String
        /// How to mend it.
        public let advice: String?
    }

    /// What was found, the most general first.
    public let findings: [Finding]

    /// Whether there is no problem that was not mended.
    public let isSound: Bool

    /// The report as JSON.
    public let json: Data
}

/// Examines a data folder, without a daemon.
///
/// Blocks; see `FolderExamination`.
public func examine(dataFolder path: String, mends: Bool) -> DoctorReport {
    let examination = FolderExamination(path: path, mends: mends) { version in
        do {
            let json = try JSONValue(parsing: version.configuration)
            _ = try FunctionConfiguration(json: json, ceilings: .highest)
            return nil
        } catch {
            return "\(error)"
        }
    }
    let isSound = !examination.findings.contains { $0.severity == .problem }
    let document: JSONValue = [
        "data": JSONValue(path),
        "inUse": JSONValue(examination.isInUse),
        "sound": JSONValue(isSound),
        "findings": .array(
            examination.findings.map { finding in
                [
                    "severity": JSONValue(finding.severity.rawValue),
                    "place": JSONValue(finding.place),
                    "detail": JSONValue(finding.detail),
                    "advice": JSONValue(finding.advice),
                ]
            }
        ),
    ]
    return DoctorReport(
        findings: examination.findings.map {
            DoctorReport.Finding(
                label: $0.severity.rawValue,
                place: $0.place,
                detail: $0.detail,
                advice: $0.advice
            )
        },
        isSound: isSound,
        json: Data(document.encoded())
    )
}
