import Foundation
import HTTP
import Logging
import Platform
import Store
import Wasm
import WasmText

/// The control plane's calls, one after another on the control plane's threads.
///
/// Everything here blocks. What is stored and what requests see changes on one thread only.
struct ControlAPI: Sendable {
    let settings: LiveSettings
    let platform: Platform
    let deployments: DeploymentStore
    let invocations: InvocationStore
    let executor: ControlExecutor
    /// The program that checks uploads: this one.
    let checkExecutable: String
    let asyncCalls: AsyncCalls
    let access: AccessControl
    let vault: SecretVault
    let invocationHistory: InvocationHistory
    let faults: VersionFaults
    /// For records that are imported.
    let importRing: InvocationRing
    let logger: Logger

    /// The settings of this moment.
    var configuration: DaemonConfiguration { settings.current }

    var check: ModuleCheck {
        let configuration = configuration
        return ModuleCheck(
            executable: checkExecutable,
            memoryBytesMax: configuration.checkMemoryBytesMax,
            processorSecondsMax: configuration.checkProcessorSecondsMax,
            timeoutMilliseconds: configuration.checkTimeoutMilliseconds
        )
    }

    /// Answers a request of someone who may make it; `progress` hears how far a long call is, and `upload` is where a
    /// body is that does not fit memory.
    func respond(
        to request: Request,
        identifier: String,
        caller: Caller,
        _ progress: ProgressStream? = nil,
        upload: String? = nil
    ) -> Response {
        answer(request, identifier) {
            let control = try ControlRequest(
                request,
                identifier: identifier,
                caller: caller,
                progress,
                upload: upload
            )
            let response = try route(control)
            audit(control, response)
            return response
        }
    }

    /// What a call answers, or the problem document of the error it throws.
    func answer(
        _ request: Request,
        _ identifier: String,
        _ call: () throws -> Response
    ) -> Response {
        let path = request.head.path
        do {
            var response = try call()
            response.fields.set("X-Request-Id", identifier)
            return response
        } catch {
            let problem = Self.problem(of: error)
            if problem.status.code >= 500 {
                logger.error(
                    "control-plane request failed",
                    metadata: [
                        "requestId": "\(identifier)", "method": "\(request.head.method.rawValue)",
                        "path": "\(path)", "error": "\(error)",
                    ]
                )
            }
            return problem.response(requestIdentifier: identifier, path: path)
        }
    }

    private func route(_ request: ControlRequest) throws -> Response {
        let segments = request.segments
        guard segments.first == "v1", segments.count >= 2 else {
            throw Problem.noRoute(request.path)
        }
        switch (segments[1], segments.count) {
        case ("functions", 2):
            return try dispatch(request, [.get: listFunctions])
        case ("functions", 3...):
            return try routeFunction(request, try name(segments[2]))
        case ("runtimes", 2):
            return try dispatch(request, [.get: listRuntimes])
        case ("runtimes", 3):
            return try dispatch(
                request,
                [
                    .get: { try runtime(segments[2], $0) },
                    .put: { try putRuntime(segments[2], $0) },
                    .delete: { try deleteRuntime(segments[2], $0) },
                ]
            )
        case ("health", 2):
            return try dispatch(request, [.get: health])
        case ("export", 2):
            return try dispatch(request, [.get: describeExport])
        case ("import", 2):
            return try dispatch(request, [.post: importFunctions])
        case ("pool", 2):
            return try dispatch(request, [.get: pool])
        case ("stats", 2):
            return try dispatch(request, [.get: stats])
        case ("invocations", 2):
            return try dispatch(request, [.get: listInvocations])
        case ("logs", 2):
            return try dispatch(request, [.get: { try logs(of: nil, $0) }])
        case ("invocations", 4) where segments[3] == "result":
            return try dispatch(request, [.get: { try asyncResult(segments[2], $0) }])
        case ("query", 2):
            return try dispatch(request, [.post: query])
        case ("async-calls", 2):
            return try dispatch(request, [.get: listAsyncCalls])
        case ("async-calls", 3):
            return try dispatch(request, [.delete: { try deleteAsyncCall(segments[2], $0) }])
        case ("async-calls", 4) where segments[3] == "retry":
            return try dispatch(request, [.post: { try retryAsyncCall(segments[2], $0) }])
        case ("secrets", 3) where segments[2] == "rotate-key":
            return try dispatch(request, [.post: rotateSecretKey])
        case ("invocations", 3):
            return try dispatch(request, [.get: { try invocation(segments[2], $0) }])
        case ("tokens", 2):
            return try dispatch(request, [.get: listTokens, .post: createToken])
        case ("tokens", 3):
            return try dispatch(request, [.delete: { try revokeToken(segments[2], $0) }])
        case ("audit", 2):
            return try dispatch(request, [.get: listAudit])
        default:
            throw Problem.noRoute(request.path)
        }
    }

    private func routeFunction(_ request: ControlRequest, _ name: FunctionName) throws -> Response {
        let rest = Array(request.segments[3...])
        switch (rest.first, rest.count) {
        case (nil, _):
            return try dispatch(
                request,
                [
                    .get: { try describe(name, $0) }, .put: { try deploy(name, $0) },
                    .delete: { try delete(name, $0) },
                ]
            )
        case ("config", 1):
            return try dispatch(
                request,
                [
                    .get: { try configuration(of: name, $0) },
                    .put: { try putConfiguration(of: name, $0) },
                    .patch: { try patchConfiguration(of: name, $0) },
                ]
            )
        case ("secrets", 1):
            return try dispatch(request, [.get: { try listSecrets(of: name, $0) }])
        case ("secrets", 2):
            return try dispatch(
                request,
                [
                    .put: { try putSecret(rest[1], of: name, $0) },
                    .delete: { try deleteSecret(rest[1], of: name, $0) },
                ]
            )
        case ("history", 1):
            return try dispatch(request, [.get: { try history(of: name, $0) }])
        case ("versions", 1):
            return try dispatch(request, [.get: { try listVersions(of: name, $0) }])
        case ("versions", 2), ("versions", 3):
            let number = try versionNumber(rest[1])
            if rest.count == 2 {
                return try dispatch(request, [.get: { try version(number, of: name, $0) }])
            }
            if rest[2] == "files" {
                return try dispatch(request, [.get: { try files(number, of: name, $0) }])
            }
            guard rest[2] == "module" else { throw Problem.noRoute(request.path) }
            return try dispatch(request, [.get: { try module(number, of: name, $0) }])
        case ("aliases", 2):
            return try dispatch(
                request,
                [
                    .put: { try putAlias(rest[1], of: name, $0) },
                    .delete: { try deleteAlias(rest[1], of: name, $0) },
                ]
            )
        case ("rollback", 1):
            return try dispatch(request, [.post: { try rollBack(name, $0) }])
        case ("bench", 1):
            return try dispatch(request, [.post: { try bench(name, $0) }])
        case ("capabilities", 1):
            return try dispatch(request, [.get: { try capabilities(of: name, $0) }])
        case ("logs", 1):
            return try dispatch(request, [.get: { try logs(of: name, $0) }])
        default:
            throw Problem.noRoute(request.path)
        }
    }

    private func dispatch(
        _ request: ControlRequest,
        _ calls: [HTTP.Method: (ControlRequest) throws -> Response]
    ) throws -> Response {
        let method: HTTP.Method = request.method == .head ? .get : request.method
        guard let call = calls[method] else {
            let allowed = calls.keys.sorted { $0.rawValue < $1.rawValue }
            throw Problem.methodNotAllowed(request.method, allowed: allowed)
        }
        return try call(request)
    }

    // MARK: - Shared by the calls

    func name(_ text: String) throws(Problem) -> FunctionName {
        guard let name = FunctionName(text) else { throw .badName(text) }
        return name
    }

    func versionNumber(_ text: String) throws(Problem) -> Int {
        guard let number = Int(text), number > 0, String(number) == text else {
            throw .notFound("'\(text)' is not a version's number")
        }
        return number
    }

    func function(_ name: FunctionName) throws -> FunctionRecord {
        guard let record = try deployments.function(named: name.description) else {
            throw Problem.notFound("there is no function '\(name)'")
        }
        return record
    }

    func versionRecord(_ number: Int, of name: FunctionName) throws -> VersionRecord {
        let record = try deployments.version(of: name.description, number: number)
        guard let record else {
            throw Problem.notFound("function '\(name)' has no version \(number)")
        }
        return record
    }

    func json(_ value: JSONValue, status: Status = .ok, fields: Fields = Fields()) -> Response {
        var fields = fields
        fields.set("Content-Type", "application/json")
        return Response(status: status, fields: fields, body: value.encoded())
    }

    /// What must hold for a change, from `If-Match` and `If-None-Match`. RFC 9110 §13.1
    func precondition(_ request: ControlRequest) throws(Problem) -> Precondition {
        let tags = request.fields.values(of: "if-match")
        let match = tags.joined(separator: ",")
        if let value = request.fields["if-none-match"] {
            guard value == "*" else {
                throw .badRequest("If-None-Match can only be '*' here")
            }
            guard tags.isEmpty else {
                throw .preconditionFailed("If-Match and If-None-Match: * never hold together")
            }
            return .mustNotExist
        }
        if tags.isEmpty { return .none }
        if match == "*" { return .mustExist }
        // Tags are compared strongly: a weak one is that of no state. RFC 9110 §8.8.3.2
        let revisions = match.split(separator: ",").compactMap { tag in
            Self.revision(ofTag: tag.trimmingCharacters(in: .whitespaces))
        }
        guard !revisions.isEmpty else {
            throw .preconditionFailed("If-Match is '\(match)', which no state of a function has")
        }
        return .anyRevision(revisions)
    }

    static func tag(_ record: FunctionRecord) -> String { "\"\(record.revision)\"" }

    private static func revision(ofTag tag: String) -> Int? {
        guard tag.count >= 3, tag.hasPrefix("\""), tag.hasSuffix("\"") else { return nil }
        return Int(tag.dropFirst().dropLast())
    }

    /// The problem document of any error that a call throws.
    static func problem(of error: any Error) -> Problem {
        switch error {
        case let problem as Problem: problem
        case let error as StoreError: problem(of: error)
        case let error as SecretError:
            Problem(
                status: .serviceUnavailable,
                kind: "secret-key",
                title: "Secrets unavailable",
                detail: error.description
            )
        case let error as VersionError: problem(of: error)
        case let error as ConfigurationError:
            Problem(
                status: .unprocessableContent,
                kind: "bad-configuration",
                title: "Bad configuration",
                detail: error.description,
                members: ["key": JSONValue(error.key)]
            )
        default: .internalError("\(error)")
        }
    }

    private static func problem(of error: StoreError) -> Problem {
        switch error {
        case .noSuchFunction(let name):
            .notFound("there is no function '\(name)'")
        case .noSuchVersion(let name, let number):
            .notFound("function '\(name)' has no version \(number)")
        case .noSuchAlias(let name, let alias):
            .notFound("function '\(name)' has no alias '\(alias)'")
        case .preconditionFailed(let revision):
            .preconditionFailed(
                revision.map { "the function's ETag is \"\($0)\"" } ?? "there is no such function"
            )
        case .noEarlierVersion:
            Problem(
                status: .conflict,
                kind: "no-earlier-version",
                title: "No earlier version",
                detail: error.description
            )
        case .runtimeInUse:
            Problem(
                status: .conflict,
                kind: "runtime-in-use",
                title: "Runtime in use",
                detail: error.description
            )
        case .runtimeChanged:
            Problem(
                status: .conflict,
                kind: "runtime-changed",
                title: "Runtime changed",
                detail: error.description
            )
        case .invalidSearch(let reason):
            .badRequest(
                "'q' is not a search: \(reason); words with other characters than letters and "
                    + "digits need double quotes, as in https://sqlite.org/fts5.html#full_text_query_syntax"
            )
        case .invalidCursor:
            .badRequest("the cursor is not one that was given out")
        case .functionsExist(let names):
            Problem(
                status: .conflict,
                kind: "functions-exist",
                title: "Functions exist",
                detail: "\(error): nothing was imported; skip them, or replace them",
                members: ["functions": .array(names.prefix(1_000).map { JSONValue($0) })]
            )
        case .invalidExport:
            .unprocessable("invalid-export", "Invalid export", error.description)
        case .alteredModule, .alteredFiles:
            .quarantined("\(error): deploy it again")
        case .unavailable(let reason):
            .unavailable(reason)
        case _ where error.isDiskFull:
            Problem(
                status: .insufficientStorage,
                kind: "disk-full",
                title: "Disk full",
                detail: "the file system of the data folder is full: nothing was changed; "
                    + "make room and try again (\(error))"
            )
        case _ where error.isDiskFailure:
            .unavailable(
                "the data folder cannot be read or written: nothing was changed (\(error))"
            )
        default:
            .internalError("\(error)")
        }
    }

    private static func problem(of error: VersionError) -> Problem {
        var problem: Problem
        switch error {
        case .module(let cause):
            return Self.invalidModule(cause)
        case .interface:
            problem = .unprocessable("unsupported-interface", "Unsupported", error.description)
        case .link(let cause):
            let imports: [JSONValue] = cause.problems.map { problem in
                [
                    "module": JSONValue(problem.module), "name": JSONValue(problem.name),
                    "offset": JSONValue(problem.offset), "reason": JSONValue(problem.reason),
                ]
            }
            problem = .unprocessable("unlinkable", "Unlinkable module", error.description)
            problem.members["imports"] = .array(imports)
            problem.members["offset"] = JSONValue(cause.problems.first?.offset)
        case .instantiation:
            problem = .unprocessable(
                "not-instantiable",
                "Module cannot be instantiated",
                error.description
            )
        case .initialisation(let function, _, _):
            problem = .unprocessable(
                "initialisation-failed",
                "Initialisation failed",
                error.description
            )
            problem.members["function"] = JSONValue(function)
            if let report = error.trapReport {
                problem.members["trap"] = try? JSONValue(parsing: Array(report.utf8))
            }
        case .runtime(_, let failure), .script(let failure):
            problem = .unprocessable("script-failed", "Script failed", error.description)
            problem.members["message"] = JSONValue(failure.message)
            problem.members["file"] = JSONValue(failure.place?.file)
            problem.members["line"] = JSONValue(failure.place?.line)
            problem.members["column"] = JSONValue(failure.place?.column)
            problem.members["output"] = JSONValue(failure.output)
        case .files:
            problem = .badArchive(error.description)
        case .damaged(let reason):
            return .quarantined(reason)
        case .missing, .secrets, .host:
            return .internalError(error.description)
        }
        return problem
    }

    static func invalidModule(_ error: ModuleError) -> Problem {
        var problem = Problem.unprocessable(
            "invalid-module",
            "Invalid module",
            "the module is \(error)"
        )
        problem.members["rule"] = JSONValue(error.kind.rawValue)
        problem.members["offset"] = JSONValue(error.offset)
        if let function = error.function { problem.members["function"] = JSONValue(function) }
        if let name = error.functionName { problem.members["functionName"] = JSONValue(name) }
        return problem
    }

    /// The problem of a module in the text format that is not well-formed.
    static func invalidText(_ error: TextError) -> Problem {
        var problem = Problem.unprocessable(
            "invalid-module",
            "Invalid module",
            "the module's text is malformed at line \(error.line), column \(error.column): "
                + error.message
        )
        problem.members["rule"] = "malformed"
        problem.members["line"] = JSONValue(error.line)
        problem.members["column"] = JSONValue(error.column)
        return problem
    }
}
