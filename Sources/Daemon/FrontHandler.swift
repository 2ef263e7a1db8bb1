import HTTP
public import HTTPServer
import Linux
import Logging
public import Platform
import Store

/// Answers the requests of one event loop: functions at once, the control plane through its
/// threads.
final class FrontHandler: RequestHandler {
    /// Which requests come in here.
    struct Planes: OptionSet {
        let rawValue: UInt8

        static let data = Planes(rawValue: 1 << 0)
        static let control = Planes(rawValue: 1 << 1)
    }

    /// What all handlers share.
    struct Parts: Sendable {
        let settings: LiveSettings
        let platform: Platform
        let accessLog: AccessLog
        let api: ControlAPI
        let executor: ControlExecutor
        /// What answers from the log's database.
        let recordReaders: ControlExecutor
        let followers: LogFollowers
        let access: AccessControl
        let transfers: FileTransfers
        let lifecycle: Lifecycle
        let spans: SpanExporter?
    }

    private let parts: Parts
    private let planes: Planes
    private let lane: Lane
    /// Invocations that may still be canceled.
    fileprivate var running: [Exchange: Invocation] = [:]
    /// The settings in effect, and which these are.
    private var settings: DaemonConfiguration
    private var settingsGeneration: UInt64 = 0
    /// What the access log needs to know of requests that are not answered.
    private var notes: [Exchange: Note] = [:]
    private var formatter = AccessLogFormatter()
    private var lastAdmitted: AdmittedMatch?
    /// Origins of requests, each in a place that its port chooses: connections bring many requests.
    private var origins = [(peer: SocketAddress, origin: RequestOrigin)?](repeating: nil, count: 64)

    private struct Note {
        let identifier: RecordIdentifier
        let function: FunctionName?
    }

    init(_ parts: Parts, planes: Planes) {
        self.parts = parts
        self.planes = planes
        settings = parts.settings.current
        lane = parts.platform.makeLane()
    }

    // MARK: - RequestHandler

    func admit(_ head: RequestHead, from peer: SocketAddress) -> Admission {
        if parts.settings.refresh(&settings, &settingsGeneration) {
            lane.responseFields = settings.responseFields
        }
        if planes.contains(.control) {
            switch ControlRoute(head.pathOctets) {
            case .metrics:
                return refusalOfControl(head, peer).map { .refuse($0) } ?? .accept(bodyBytesMax: 0)
            case .api:
                if let refusal = refusalOfControl(head, peer) { return .refuse(refusal) }
                if FileTransfers.isUpload(head) {
                    return .stream(bodyBytesMax: settings.importBytesMax)
                }
                let isUpload = head.method == .put && ControlRoute.takesCode(head.pathOctets)
                guard isUpload else {
                    return .accept(bodyBytesMax: settings.controlRequestBytesMax)
                }
                // A form brings a document besides the module.
                let isForm = MultipartForm.isMeant(by: head.fields["content-type"] ?? "")
                return .accept(
                    bodyBytesMax: settings.moduleBytesMax
                        + (isForm ? settings.controlRequestBytesMax : 0)
                )
            case .health, .ready, .version, .file:
                return .accept(bodyBytesMax: 0)
            case nil:
                break
            }
        }
        if head.targetOctets.count == 1, head.targetOctets.first == UInt8(ascii: "*") {
            return .refuse(Self.options)
        }
        switch planes.contains(.data) ? lane.find(head) : .nowhere {
        case .match(let match): return admission(head, match, peer)
        case .dormant(let name): return awaken(name, for: head)
        case .nowhere: return .refuse(problem(.noRoute(head.path), head))
        }
    }

    private func admission(
        _ head: RequestHead,
        _ match: RouteMatch,
        _ peer: SocketAddress
    ) -> Admission {
        // Browsers show no token when they ask what they may do.
        if var answer = match.version.configuration.cors?.answer(toPreflight: head) {
            answer.fields.append("X-Request-Id", lane.identifier(of: head).description)
            return .refuse(answer)
        }
        if let refusal = refusalOfCall(match, head, peer) { return .refuse(problem(refusal, head)) }
        let bodyBytesMax = match.version.configuration.limits.requestBytes
        let context = admitted(match)
        if AsyncCalls.isAsked(for: head) {
            return .accept(
                bodyBytesMax: min(bodyBytesMax, parts.api.asyncCalls.limits.requestBytesMax),
                context: context
            )
        }
        // A handler's calls know nothing of bodies that are still on their way.
        return match.version.interface == .httpWasmHandler
            ? .accept(bodyBytesMax: bodyBytesMax, context: context)
            : .stream(bodyBytesMax: bodyBytesMax, context: context)
    }

    /// What is to be known of an admitted request: mostly the same as of the one before.
    private func admitted(_ match: RouteMatch) -> AdmittedMatch {
        let generation = lane.tableGeneration
        if let last = lastAdmitted, last.match === match, last.tableGeneration == generation {
            return last
        }
        let admitted = AdmittedMatch(match: match, tableGeneration: generation)
        lastAdmitted = admitted
        return admitted
    }

    /// Reads the function that a request is for from the store, and decides about the request then.
    private func awaken(_ name: FunctionName, for head: RequestHead) -> Admission {
        let missing = problem(.noRoute(head.path), head)
        let unavailable = problem(.unavailable("function '\(name)' cannot be read"), head)
        let parts = parts
        return .later { readmission in
            parts.platform.awaken(name) { awakening in
                switch awakening {
                case .awake: readmission.resume()
                case .missing: readmission.resume(refusing: missing)
                case .failed(let reason):
                    parts.api.logger.error(
                        "function cannot be read",
                        metadata: ["function": "\(name)", "error": "\(reason)"]
                    )
                    readmission.resume(refusing: unavailable)
                }
            }
        }
    }

    func isReserved(_ head: RequestHead) -> Bool {
        planes.contains(.control) && ControlRoute(head.pathOctets) != nil
    }

    func overload(_ head: RequestHead) -> Response { problem(.serverFull, head) }

    func handle(_ request: Request, context: AdmissionContext?, exchange: Exchange) {
        let identifier = lane.identifier(of: request.head, receivedAt: request.receivedAt)
        let isForFunction = context is AdmittedMatch
        if !isForFunction, planes.contains(.control),
            let route = ControlRoute(request.head.pathOctets)
        {
            note(exchange, identifier, nil)
            handleControl(request, route, identifier.description, exchange)
            return
        }
        let match = planes.contains(.data) ? match(request.head, context) : nil
        note(exchange, identifier, match?.version.function)
        guard let match else {
            exchange.respond(
                problem(.noRoute(request.head.path), request.head, identifier.description)
            )
            return
        }
        // Asked again: what is deployed, and who may call it, can have changed since the head came.
        if let refusal = refusalOfCall(match, request.head, exchange.peer) {
            exchange.respond(problem(refusal, request.head, identifier.description))
            return
        }
        if match.needsToken {
            call(request.removing("authorization"), match, identifier: identifier, exchange)
        } else {
            call(request, match, identifier: identifier, exchange)
        }
    }

    /// Has a function answer a request that may be answered.
    private func call(
        _ request: Request,
        _ match: RouteMatch,
        identifier: RecordIdentifier,
        _ exchange: Exchange
    ) {
        let origin = origin(of: exchange.peer, request.head.fields)
        if AsyncCalls.isAsked(for: request.head) {
            let isTaken = parts.api.asyncCalls.submit(
                request,
                match,
                identifier: identifier.description,
                origin: origin,
                exchange
            )
            if !isTaken {
                exchange.respond(problem(.busy, request.head, identifier.description))
            }
            return
        }
        let invocation = lane.invoke(
            request,
            match,
            origin: origin,
            identifier: identifier,
            sink: exchange
        )
        if let invocation { running[exchange] = invocation }
    }

    /// The function that an admitted request is for now: its body may have taken a while.
    private func match(_ head: RequestHead, _ context: AdmissionContext?) -> RouteMatch? {
        let admitted = context as? AdmittedMatch
        if let admitted, admitted.tableGeneration == lane.tableGeneration { return admitted.match }
        switch lane.find(head) {
        case .match(let match): return match
        // It was given up while nobody called it, but is still there.
        case .dormant: return admitted?.match
        case .nowhere: return nil
        }
    }

    func receive(_ piece: [UInt8], isLast: Bool, exchange: Exchange) {
        if let invocation = running[exchange] {
            invocation.receive(piece, isLast: isLast)
        } else {
            parts.transfers.receive(piece, isLast: isLast, exchange)
        }
    }

    func didDrain(_ exchange: Exchange) {
        if let invocation = running[exchange] {
            invocation.didDrain()
        } else {
            parts.transfers.didDrain(exchange)
        }
    }

    func didWrite() { lane.tidy() }

    func clientGone(_ exchange: Exchange) {
        running.removeValue(forKey: exchange)?.cancel()
        parts.followers.remove(exchange)
        parts.transfers.remove(exchange)
    }

    func refusal(of error: ParseError) -> Response {
        let problem = Problem(
            status: error.status,
            kind: error.kind == .bodyTooLarge ? "too-large" : "bad-message",
            title: error.status.reason,
            detail: error.description
        )
        return problem.response(requestIdentifier: lane.mintIdentifier().description, path: "")
    }

    // MARK: - The access log

    var wantsSummaries: Bool { settings.accessLog != nil }

    func didAnswer(_ summary: AnswerSummary) {
        let note = notes.removeValue(forKey: summary.exchange)
        let origin = origin(of: summary.exchange.peer, summary.head?.fields ?? Fields())
        let entry = AccessLogEntry(
            summary,
            client: origin.address.isEmpty ? "unix:" : origin.address,
            requestIdentifier: note?.identifier.description,
            function: note?.function?.description
        )
        parts.accessLog.append(formatter.line(entry))
    }

    private func note(
        _ exchange: Exchange,
        _ identifier: RecordIdentifier,
        _ function: FunctionName?
    ) {
        guard wantsSummaries else { return }
        notes[exchange] = Note(identifier: identifier, function: function)
    }

    // MARK: - Control plane

    private func refusalOfControl(_ head: RequestHead, _ peer: SocketAddress) -> Response? {
        do throws(Problem) {
            _ = try caller(head, peer)
            return nil
        } catch {
            return problem(error, head)
        }
    }

    /// Who asks the control plane for something that they may have.
    private func caller(_ head: RequestHead, _ peer: SocketAddress) throws(Problem) -> Caller {
        try parts.access.admit(head, from: origin(of: peer, head.fields), settings)
    }

    /// The same for a request that was admitted: a token can have been revoked while the body came.
    ///
    /// Answers, and is nil, when the caller may not any more.
    private func callerAgain(
        _ head: RequestHead,
        _ identifier: String,
        _ exchange: Exchange
    ) -> Caller? {
        do throws(Problem) {
            return try caller(head, exchange.peer)
        } catch {
            exchange.respond(problem(error, head, identifier))
            return nil
        }
    }

    /// Why a function may not be called; nil when it may.
    private func refusalOfCall(
        _ match: RouteMatch,
        _ head: RequestHead,
        _ peer: SocketAddress
    ) -> Problem? {
        guard match.needsToken else { return nil }
        do throws(Problem) {
            let origin = origin(of: peer, head.fields)
            try parts.access.admit(head, to: match.version.function, from: origin, settings)
            return nil
        } catch {
            return error
        }
    }

    private func handleControl(
        _ request: Request,
        _ route: ControlRoute,
        _ identifier: String,
        _ exchange: Exchange
    ) {
        switch route {
        case .health:
            respond(healthy, exchange, identifier)
        case .ready:
            let faultCount = parts.api.faults.count
            let answer = faultCount == 0 ? ready : Self.ready(faultCount: faultCount)
            respond(parts.lifecycle.isReady ? answer : notReady, exchange, identifier)
        case .version:
            respond(
                Self.answer(["name": "roost", "version": JSONValue(ProgramVersion.text)]),
                exchange,
                identifier
            )
        case .file:
            let isTaken = parts.executor.submit {
                var answer = ControlAPI.embeddedFile(request.head, identifier)
                answer.fields.set("X-Request-Id", identifier)
                exchange.respond(answer)
            }
            if !isTaken { exchange.respond(problem(.busy, request.head, identifier)) }
        case .metrics:
            let parts = parts
            let isTaken = parts.executor.submit {
                exchange.respond(Metrics(parts).response(to: request.head))
            }
            if !isTaken { exchange.respond(problem(.busy, request.head, identifier)) }
        case .api where FileTransfers.isUpload(request.head):
            let parts = parts
            guard let caller = callerAgain(request.head, identifier, exchange) else { return }
            parts.transfers.upload(request, identifier: identifier, exchange) { file in
                parts.executor.submit {
                    let stream = ProgressStream(request, identifier: identifier, exchange)
                    let response = parts.api.respond(
                        to: request,
                        identifier: identifier,
                        caller: caller,
                        stream,
                        upload: file
                    )
                    parts.transfers.discard(file)
                    if let stream { stream.end(with: response) } else { exchange.respond(response) }
                }
            }
        case .api:
            let parts = parts
            guard let caller = callerAgain(request.head, identifier, exchange) else { return }
            // What reads the log's database may take long, and must hold up nothing else.
            let executor =
                ControlRoute.readsRecords(request.head.pathOctets)
                ? parts.recordReaders : parts.executor
            // Here, on the loop, so that it hears of it if the client goes before its turn has come.
            if ControlRoute.isLog(request.head.pathOctets) { parts.followers.expect(exchange) }
            let isTaken = executor.submit {
                if parts.api.beginExport(
                    request,
                    identifier: identifier,
                    caller: caller,
                    exchange,
                    parts.transfers
                ) {
                    return
                }
                let isFollowing = parts.followers.begin(
                    request,
                    identifier: identifier,
                    caller: caller,
                    exchange
                )
                if isFollowing { return }
                let stream = ProgressStream(request, identifier: identifier, exchange)
                let response = parts.api.respond(
                    to: request,
                    identifier: identifier,
                    caller: caller,
                    stream
                )
                if let stream { stream.end(with: response) } else { exchange.respond(response) }
            }
            if !isTaken {
                parts.followers.remove(exchange)
                exchange.respond(problem(.busy, request.head, identifier))
            }
        }
    }

    /// The answer to `OPTIONS *`, which asks about the server as such (RFC 9110 §9.3.7).
    private static let options = Response(
        status: .noContent,
        fields: ["Allow": Method.allCases.map(\.rawValue).joined(separator: ", ")]
    )

    // Asked for many times a second by whoever watches over the daemon.
    private let healthy = FrontHandler.answer(["status": "ok"])
    private let ready = FrontHandler.answer(["status": "ready"])
    private let notReady = FrontHandler.answer(
        ["status": "not ready"],
        status: .serviceUnavailable
    )

    /// It serves, but for versions whose stored data are damaged.
    private static func ready(faultCount: Int) -> Response {
        answer(["status": "ready", "quarantinedVersions": JSONValue(faultCount)])
    }

    private static func answer(_ document: JSONValue, status: Status = .ok) -> Response {
        Response(
            status: status,
            fields: ["Content-Type": "application/json", "Cache-Control": "no-store"],
            body: document.encoded()
        )
    }

    private func respond(_ answer: Response, _ exchange: Exchange, _ identifier: String) {
        var answer = answer
        answer.fields.append("X-Request-Id", identifier)
        exchange.respond(answer)
    }

    private func problem(
        _ problem: Problem,
        _ head: RequestHead,
        _ identifier: String? = nil
    ) -> Response {
        problem.response(
            requestIdentifier: identifier ?? lane.identifier(of: head).description,
            path: head.path
        )
    }

    // MARK: - Where requests come from

    /// Where a request comes from, by its connection or by a proxy that is believed.
    private func origin(of peer: SocketAddress, _ fields: Fields) -> RequestOrigin {
        let sender = origin(of: peer)
        guard settings.trustedProxies.contains(peer.host) else { return sender }
        return settings.trustedProxies.origin(of: fields, sentBy: sender)
    }

    private func origin(of peer: SocketAddress) -> RequestOrigin {
        let place = Int(peer.port) % origins.count
        if origins[place]?.peer == peer, let known = origins[place]?.origin { return known }
        let port = peer.unixPath == nil ? peer.port : nil
        let origin = RequestOrigin(address: peer.hostText, port: port)
        origins[place] = (peer, origin)
        return origin
    }
}

extension Exchange: AnswerSink {
    public func invocationEnded() {
        // Runs on the loop, after `handle` has put the invocation among those that run.
        _ = loop.post { ($0 as? FrontHandler)?.running[self] = nil }
    }
}

/// Where a request led when it was admitted.
private final class AdmittedMatch: Sendable {
    let match: RouteMatch
    let tableGeneration: UInt64

    init(match: RouteMatch, tableGeneration: UInt64) {
        self.match = match
        self.tableGeneration = tableGeneration
    }
}

/// The paths that belong to the control plane.
enum ControlRoute {
    case api
    case health
    case ready
    case version
    case metrics
    /// A file that is part of the program.
    case file

    init?(_ path: ArraySlice<UInt8>) {
        // Most requests are for functions, and go no further than the letter.
        guard path.count > 1 else { return nil }
        switch path[path.startIndex + 1] {
        case UInt8(ascii: "v") where path.starts(with: "/v1/".utf8):
            self = .api
        case UInt8(ascii: "v") where path.elementsEqual("/version".utf8):
            self = .version
        case UInt8(ascii: "h") where path.elementsEqual("/healthz".utf8):
            self = .health
        case UInt8(ascii: "r") where path.elementsEqual("/readyz".utf8):
            self = .ready
        case UInt8(ascii: "m") where path.elementsEqual("/metrics".utf8):
            self = .metrics
        case UInt8(ascii: "u") where path.elementsEqual("/ui".utf8),
            UInt8(ascii: "u") where path.starts(with: "/ui/".utf8),
            UInt8(ascii: "o") where path.elementsEqual("/openapi.json".utf8):
            self = .file
        default:
            return nil
        }
    }

    /// Whether what is at a path reads the log's database.
    static func readsRecords(_ path: ArraySlice<UInt8>) -> Bool {
        path.elementsEqual("/v1/query".utf8) || path.starts(with: "/v1/invocations".utf8)
            || isLog(path)
    }

    /// Whether a path is that of a log.
    static func isLog(_ path: ArraySlice<UInt8>) -> Bool {
        path.starts(with: "/v1/".utf8) && path.suffix(5).elementsEqual("/logs".utf8)
    }

    /// Whether a path is `/v1/functions/{name}` or `/v1/runtimes/{name}`, where modules are uploaded.
    static func takesCode(_ path: ArraySlice<UInt8>) -> Bool {
        ["/v1/functions/", "/v1/runtimes/"].contains { prefix in
            path.starts(with: prefix.utf8)
                && !path.dropFirst(prefix.utf8.count).contains(UInt8(ascii: "/"))
        }
    }
}
