import HTTP
import Linux
import Store
import Synchronization
import WASI
import Wasm

/// One request's life: admitted, perhaps waiting, started, run slice by slice, answered, recorded.
///
/// The first slice runs on the thread that brought the request; later ones on the scheduler's.
// SAFETY of @unchecked: one thread at a time owns the mutable state. It is handed over through
// the gate, the loader's list or the scheduler, each of which holds a lock when it takes and when
// it gives, and each of which holds an invocation at most once. The atomics are for other threads.
public final class Invocation: Resumable, @unchecked Sendable {
    /// What an invocation needs from the platform that runs it.
    struct Surroundings: Sendable {
        let options: PlatformOptions
        let scheduler: Scheduler
        let loader: Loader
        let janitor: Janitor
        let residents: Residents
        let stacks: FreeList<ValueStack>
        let census: Census
        let ring: InvocationRing
    }

    private enum Stage {
        /// In the line of the function's gate.
        case inLine
        /// Has a place in the gate, and is about to start, if the version is in memory.
        case admitted
        /// Has an instance.
        case running
        case ended
    }

    let version: FunctionVersion
    let surroundings: Surroundings
    var report: InvocationReport

    private let request: Request
    private let match: RouteMatch
    private let remoteAddress: String
    private let respond: @Sendable (Response) -> Void
    private let finished: @Sendable () -> Void
    /// Whether the thread that brought the request has let it go.
    private var isInline = true
    private let deadline: UInt64

    private var stage = Stage.admitted
    private var wasLoaded = false
    private var loadFailure: VersionError?
    private var loaded: LoadedVersion?
    private var lease: InstanceLease?
    private var usedInstance: UsedInstance?
    private var stack: ValueStack?
    private var execution: Execution?
    private var context: WASIContext?

    private(set) var sliceCount = 0

    private let wakeMark = Atomic(false)
    private let wasCanceled = Atomic(false)

    init(
        _ request: Request,
        _ match: RouteMatch,
        identifier: String,
        remoteAddress: String,
        surroundings: Surroundings,
        respond: @escaping @Sendable (Response) -> Void,
        finished: @escaping @Sendable () -> Void
    ) {
        self.request = request
        self.match = match
        self.remoteAddress = remoteAddress
        self.surroundings = surroundings
        self.respond = respond
        self.finished = finished
        version = match.version
        let timeout = UInt64(match.version.configuration.limits.timeoutMilliseconds)
        deadline = request.receivedAt &+ timeout &* 1_000_000
        report = InvocationReport(request, match, identifier: identifier)
    }

    var identifier: String { report.identifier }

    /// Tells that nobody waits for the answer any more.
    ///
    /// Any thread.
    ///
    /// The guest stops at the end of its slice.
    public func cancel() {
        wasCanceled.store(true, ordering: .relaxed)
        wake()
    }

    // MARK: - The way to the guest

    /// Takes the request as far as it gets at once, on the calling thread; true when it is over.
    func start() -> Bool {
        guard surroundings.census.enter() else {
            refuse(surroundings.census.isDraining ? .draining : .platformFull)
            return true
        }
        let configuration = version.configuration
        // Before anybody else can find this invocation in line.
        stage = .inLine
        let admission = version.gate.enter(
            self,
            concurrency: configuration.concurrency,
            queue: configuration.queue
        )
        switch admission {
        case .enter:
            stage = .admitted
            return proceed(budget: surroundings.options.firstSliceInstructions)
        case .wait:
            surroundings.scheduler.sleep(self, until: deadline)
            return false
        case .refuse:
            surroundings.census.leave()
            refuse(
                .functionFull(
                    concurrency: configuration.concurrency,
                    queue: configuration.queue
                )
            )
            return true
        }
    }

    var isWakePending: Bool { wakeMark.load(ordering: .acquiring) }

    /// Makes sure that the invocation is looked at soon, wherever it sleeps.
    private func wake() {
        // Paired with the acquiring load in `isWakePending`.
        wakeMark.store(true, ordering: .releasing)
        surroundings.scheduler.wake(self)
    }

    func resume() -> Suspension {
        wakeMark.store(false, ordering: .releasing)
        isInline = false
        if stage == .inLine {
            // Woken by its deadline or its client's going; or, if it is not in line any more,
            // because it is its turn.
            if version.gate.withdraw(self) {
                endInLine()
                return .done
            }
            stage = .admitted
        }
        return advance(budget: surroundings.options.sliceInstructions)
    }

    /// Goes on after the version was loaded, or failed to be, on the scheduler.
    func versionLoaded(failure: VersionError?) {
        wasLoaded = true
        loadFailure = failure
        surroundings.scheduler.enqueue(self)
    }

    /// As ``resume()``, but puts itself where it goes on; true when it is over.
    private func proceed(budget: Int64) -> Bool {
        switch advance(budget: budget) {
        case .ready: surroundings.scheduler.enqueue(self)
        case .until(let moment): surroundings.scheduler.sleep(self, until: moment)
        case .elsewhere: break
        case .done: return true
        }
        return false
    }

    private func advance(budget: Int64) -> Suspension {
        if wasCanceled.load(ordering: .relaxed) {
            end(.canceled)
            return .done
        }
        if stage == .admitted {
            guard Monotonic.now() < deadline else {
                end(.failed(timeout(waited: true)))
                return .done
            }
            guard let residence = version.residence else { return load() }
            if let failure = begin(residence) {
                end(.failed(failure))
                return .done
            }
        }
        return runSlice(budget: budget)
    }

    /// Has the version loaded, and waits for that.
    private func load() -> Suspension {
        if let loadFailure {
            if case .missing = loadFailure {
                end(.failed(.withdrawn))
            } else {
                end(.failed(.unavailable(loadFailure.description)))
            }
            return .done
        }
        report.loadingBegan()
        switch version.await(self) {
        case .none: return .ready
        case .wait: return .elsewhere
        case .load:
            surroundings.loader.load(version)
            return .elsewhere
        }
    }

    // MARK: - The guest

    /// Gets an instance and prepares the guest's call.
    private func begin(_ residence: FunctionVersion.Residence) -> InvocationFailure? {
        report.startBegan()
        let loaded = residence.loaded
        let limits = version.configuration.limits
        let context = WASIContext(
            outputByteLimit: limits.outputBytes,
            logByteLimit: limits.logBytes
        )
        let cgi = CGIEnvironment(
            head: request.head,
            match: match,
            fixed: residence.environment,
            requestIdentifier: identifier,
            bodyByteCount: request.body.count,
            remoteAddress: remoteAddress
        )
        do {
            // What is taken here is given back at the invocation's end, however it ends.
            stack = try surroundings.stacks.take() ?? ValueStack(byteCount: VersionImage.stackBytes)
            let lease = try takeInstance(loaded.pool)
            self.loaded = loaded
            self.lease = lease
            if lease.leavesShortage { loaded.pool.requestRefill(by: surroundings.janitor) }
            execution = try stack.map { stack in
                try Execution(
                    lease.instance,
                    export: GuestInterface.commandEntry,
                    stack: stack,
                    fuelLimit: limits.fuel,
                    hostState: context
                )
            }
            report.start = wasLoaded ? .compiled : lease.kind
        } catch {
            return .unavailable("\(error)")
        }
        context.begin(
            arguments: cgi.arguments(),
            environment: cgi.environment(),
            input: GuestInput(request.body)
        )
        self.context = context
        stage = .running
        report.guestBegan()
        return nil
    }

    private func takeInstance(_ pool: InstancePool) throws(VersionError) -> InstanceLease {
        do throws(VersionError) {
            return try pool.take(now: Monotonic.now())
        } catch .instantiation(.system) {
            // The kernel has no mapping left: instances that nobody needs now have some.
            surroundings.residents.relieve()
            return try pool.take(now: Monotonic.now())
        }
    }

    private func runSlice(budget: Int64) -> Suspension {
        guard let execution, let context else {
            end(.failed(.unavailable("the invocation was resumed before it had begun")))
            return .done
        }
        sliceCount += 1
        switch execution.resume(budget: budget) {
        case .finished, .exited(0):
            end(.finished)
        case .exited(let code):
            end(.failed(memoryFailure("it exited with code \(code)", nil) ?? .exit(code)))
        case .trapped(let trap):
            end(.failed(failure(of: trap, context)))
        case .outOfBudget:
            guard Monotonic.now() >= deadline else { return .ready }
            end(.failed(timeout(waited: false)))
        case .waiting(.deadline(let moment)):
            let now = Monotonic.now()
            guard now >= deadline else { return .until(min(moment, deadline)) }
            end(.failed(timeout(waited: false)))
        case .waiting(.input), .waiting(.inputOrDeadline):
            // The body is complete before an invocation starts.
            context.input.end()
            return .ready
        }
        return .done
    }

    private func failure(of trap: Trap, _ context: WASIContext) -> InvocationFailure {
        if context.output.limitWasExceeded {
            let limit = version.configuration.limits.outputBytes
            return .badOutput("it is larger than limits.outputBytes of \(limit)")
        }
        if trap.kind == .outOfFuel {
            return .fuel(limit: version.configuration.limits.fuel ?? 0, trap)
        }
        return memoryFailure(trap.description, trap) ?? .trap(trap)
    }

    private func memoryFailure(_ cause: String, _ trap: Trap?) -> InvocationFailure? {
        guard let lease, lease.instance.growthWasRefused else { return nil }
        return .memory(limit: version.configuration.limits.memoryBytes, cause: cause, trap)
    }

    private func timeout(waited: Bool) -> InvocationFailure {
        .timeout(
            milliseconds: version.configuration.limits.timeoutMilliseconds,
            waited: waited
        )
    }

    // MARK: - The end

    private enum Ending {
        case finished
        case failed(InvocationFailure)
        case canceled
    }

    /// Answers, then gives everything back, then records.
    private func end(_ ending: Ending) {
        stage = .ended
        report.guestEnded(execution, lease)
        var isSound = false
        switch ending {
        case .finished:
            isSound = answer()
        case .failed(let failure):
            send(report.response(failure, version, surroundings.options), failure)
        case .canceled:
            report.canceled()
        }
        releaseGuest(isSound: isSound)
        if let next = version.gate.leave(concurrency: version.configuration.concurrency) {
            next.wake()
        }
        surroundings.census.leave()
        record()
    }

    /// Answers with the guest's output; false when it is not a response.
    private func answer() -> Bool {
        guard let context else { return false }
        let output = context.output.take()
        do throws(CGIResponse.Invalid) {
            let response = try CGIResponse(parsing: output)
            send(report.response(response, output, version, surroundings.options), nil)
            return true
        } catch {
            let failure = memoryFailure("\(error)", nil) ?? .badOutput("\(error)")
            send(report.response(failure, version, surroundings.options), failure)
            return false
        }
    }

    private func send(_ response: Response, _ failure: InvocationFailure?) {
        report.sent(response, failure)
        respond(response)
    }

    /// The deadline or the client's going came before its turn: it has no place in the gate.
    private func endInLine() {
        stage = .ended
        if wasCanceled.load(ordering: .relaxed) {
            report.canceled()
        } else {
            let failure = timeout(waited: true)
            send(report.response(failure, version, surroundings.options), failure)
        }
        surroundings.census.leave()
        record()
    }

    /// Refuses at once: it was never admitted.
    private func refuse(_ failure: InvocationFailure) {
        stage = .ended
        send(report.response(failure, version, surroundings.options), failure)
        record()
    }

    /// Gives instance and stack back; the instance later, when the answer is yet to be written by this thread.
    ///
    /// The log stays for the record.
    private func releaseGuest(isSound: Bool) {
        execution?.abandon()
        execution = nil
        if let stack { surroundings.stacks.give(back: stack) }
        stack = nil
        guard let lease, let loaded else { return }
        self.lease = nil
        self.loaded = nil
        let used = UsedInstance(
            lease: lease,
            pool: loaded.pool,
            isSound: isSound,
            endedAt: report.endedAt
        )
        if isInline { usedInstance = used } else { used.giveBack() }
    }

    /// The instance of an invocation that was over at once: whoever started it gives it back.
    func takeUsedInstance() -> UsedInstance? { usedInstance.take() }

    private func record() {
        surroundings.ring.append(report.record(version, log: context))
        context = nil
        if !isInline { finished() }
    }
}
