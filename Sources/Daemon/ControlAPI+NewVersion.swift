import Foundation
import HTTP
import Logging
import Platform
import Store

/// A version that is to be made of what a function is now.
struct VersionPlan {
    let kind: HistoryEntry.Kind
    let code: ControlAPI.CodeDraft
    let configuration: JSONValue
    /// Stored secrets that the version has.
    var secrets: [SecretRecord]
    /// One that is not stored yet, open and sealed.
    var newSecret: (open: Secret, sealed: NewSecret)?
    /// The secret that it is all about.
    var secretName: String?
    var source: Data?
    /// What the audit trail notes besides.
    var notes: [String: JSONValue?] = [:]
}

/// Making versions: what deploying, configuring and setting secrets have in common.
extension ControlAPI {
    /// How often a version is planned anew because the function has changed meanwhile.
    private static let attemptsMax = 8

    /// Makes the version that `plan` makes of the function as it is; nil: there is none.
    ///
    /// Nothing is stored unless the function is still what the version was planned for: what others change
    /// meanwhile is never undone.
    func makeVersion(
        of name: FunctionName,
        _ request: ControlRequest,
        plan: (FunctionRecord?) throws -> VersionPlan
    ) throws -> Response {
        let activate = try request.boolean("activate") ?? true
        let precondition = try precondition(request)
        for _ in 0..<Self.attemptsMax {
            let base = try deployments.function(named: name.description)
            guard precondition.holds(for: base) else {
                throw StoreError.preconditionFailed(currentRevision: base?.revision)
            }
            let plan = try plan(base)
            let isStillSo = base.map { Precondition.revision($0.revision) } ?? .mustNotExist
            do {
                return try carryOut(plan, of: base, name, request, activate, isStillSo)
            } catch StoreError.preconditionFailed {
                continue
            }
        }
        throw Problem(
            status: .conflict,
            kind: "conflict",
            title: "Conflict",
            detail: "function '\(name)' changed \(Self.attemptsMax) times while this was done"
        )
    }

    private func carryOut(
        _ plan: VersionPlan,
        of base: FunctionRecord?,
        _ name: FunctionName,
        _ request: ControlRequest,
        _ activate: Bool,
        _ precondition: Precondition
    ) throws -> Response {
        let settings = try FunctionConfiguration(
            json: plan.configuration,
            ceilings: configuration.ceilings
        )
        let old = try base.map { try versionRecord($0.currentVersion, of: name).configuration }
        // Of one that was lost, nothing is known that others may not change.
        try request.caller.requireRights(
            toChange: old.flatMap { try? Self.configuration($0, ceilings: .highest) }
                ?? FunctionConfiguration(),
            to: settings
        )
        try checkSecrets(plan, settings)
        var warnings: [String] = []
        var secrets: [Secret]?
        do {
            let opened = try vault.open(plan.secrets)
            secrets = opened + (plan.newSecret.map { [$0.open] } ?? [])
        } catch {
            warnings.append("the version answers 503: \(error)")
        }
        // Initialising is the part that may take long, and nothing is stored before it succeeds.
        let prepared = try prepare(plan.code, settings, secrets: secrets ?? [])
        let canServe = secrets != nil
        let selection = SecretSelection.chosen(
            plan.secrets.map(\.id),
            adding: plan.newSecret?.sealed
        )
        let entry = request.auditEntry(
            plan.notes.merging([
                "activate": JSONValue(activate), "secret": plan.secretName.map { JSONValue($0) },
            ]) { note, _ in note }
        )
        let outcome = try executor.change { [deployments, vault] in
            if let secret = plan.newSecret?.sealed, try !vault.isCurrent(secret) {
                // It is planned, and sealed, again.
                throw StoreError.preconditionFailed(currentRevision: nil)
            }
            let outcome = try deployments.deploy(
                name: name.description,
                code: plan.code.code,
                configuration: Data(plan.configuration.encoded()),
                secrets: selection,
                guestInterface: prepared.interface.rawValue,
                source: plan.source,
                activate: activate,
                precondition: precondition,
                kind: plan.kind,
                secret: plan.secretName,
                origin: request.origin,
                audit: entry
            )
            // A version whose secrets are sealed is loaded when it is called, in case they can be opened then.
            try publish(
                outcome.function,
                prepared: canServe ? prepared : nil,
                as: outcome.version
            )
            return outcome
        }
        logger.info(
            "function changed",
            metadata: [
                "function": "\(name)", "kind": "\(plan.kind.rawValue)",
                "version": "\(outcome.version.number)", "outcome": "\(outcome.kind.rawValue)",
            ]
        )
        return try versionResponse(outcome, prepared, warnings: warnings)
    }

    /// Secrets share names and room with the configured variables.
    private func checkSecrets(_ plan: VersionPlan, _ settings: FunctionConfiguration) throws {
        var sizes = plan.secrets.map { ($0.name, $0.sealed.valueByteCount) }
        if let (secret, _) = plan.newSecret {
            sizes.append((secret.name, secret.value.text.utf8.count))
        }
        guard !sizes.isEmpty else { return }
        let variables = Set(settings.environment.map(\.name))
        if let (name, _) = sizes.first(where: { variables.contains($0.0) }) {
            throw ConfigurationError(key: "env.\(name)", reason: "is the name of a secret too")
        }
        let ceilings = configuration.ceilings
        let count = variables.count + sizes.count
        guard count <= ceilings.environmentVariables else {
            throw ConfigurationError(
                key: "env",
                reason: "has \(count) variables with the secrets when the limit is "
                    + "\(ceilings.environmentVariables)"
            )
        }
        let byteCount =
            settings.environment.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 2 }
            + sizes.reduce(0) { $0 + $1.0.utf8.count + $1.1 + 2 }
        guard byteCount <= ceilings.environmentBytes else {
            throw ConfigurationError(
                key: "env",
                reason: "takes \(byteCount) bytes with the secrets when the limit is "
                    + "\(ceilings.environmentBytes)"
            )
        }
    }

    /// The secrets of the version that a new one follows.
    func secrets(ofVersionAfter base: FunctionRecord?) throws -> [SecretRecord] {
        try base.map { try deployments.secrets(of: $0.name, version: $0.currentVersion) } ?? []
    }
}
