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
    /// What the invocations of one lane need from the platform that runs them.
    final class Surroundings: Sendable {
        let options: PlatformOptions
        let scheduler: Scheduler
        let loader: Loader
        let janitor: Janitor
        let residents: Residents
        let stacks: FreeList<ValueStack>
        let census: Census
        let directory: FunctionDirectory
        let ring: InvocationRing
        let metrics: InvocationMetrics
        /// Which of the recorders of a function's metrics is the lane's.
        let shard: Int
        /// Where spans of sampled invocations go.
        let spans: (any SpanSink)?

        init(_ platform: Platform, _ options: PlatformOptions, ring: InvocationRing, shard: Int) {
            self.options = options
            scheduler = platform.scheduler
            loader = platform.loader
            janitor = platform.janitor
            residents = platform.residents
            stacks = platform.stacks
            census = platform.census
            directory = platform.directory
            metrics = platform.metrics
            spans = platform.spans
            self.ring = ring
            self.shard = shard
        }
    }

    enum Stage {
        /// In the line of the function's gate, to begin or to go on.
        case inLine
        /// Has a place in the gate.
        case admitted
        /// Has given its place up while the client sends or reads.
        case awaitingClient
        case ended
    }

    let version: FunctionVersion
    let surroundings: Surroundings
    let request: Request
    let sink: any AnswerSink
    var report: InvocationReport

    let match: RouteMatch
    let origin: RequestOrigin
    /// How many functions have passed the request on before this one got it.
    let depth: Int
    /// Whether the thread that brought the request has let it go.
    private var isInline = true
    let deadline: UInt64

    private(set) var stage = Stage.admitted
    var wasLoaded = false
    private var loadFailure: VersionError?
    var loaded: LoadedVersion?
    var lease: InstanceLease?
    private var usedInstance: UsedInstance?
    var stack: ValueStack?
    var execution: Execution?
    var dialogue: (any GuestDialogue)?
    var answer = AnswerProgress()

    /// The function that was asked for the response, and its answer; and what the guest used before, in instructions.
    var nextInvocation: Invocation?
    var nextAnswer: NextAnswer?
    /// The next function's way into memory, and the handler that waits for it meanwhile.
    var nextAwakening: NextAwakening?
    var awaitsNext: HandlerDialogue?
    var fuelBefore: UInt64 = 0

    /// What comes of the body after the invocation began.
    let body: BodyInbox?
    /// How much of the body the client was told to be used up, in bytes.
    private var consumedByteCount = 0
    /// When an invocation that waits for its client goes on in any case.
    private var awaitsClientUntil = UInt64.max
    /// Until when an answer is held back that has not begun while its request is not complete.
    private var holdsAnswerUntil = UInt64.max

    private(set) var sliceCount = 0

    private let wakeMark = Atomic(false)
    private let wasCanceled = Atomic(false)
    let wasDrained = Atomic(false)

    init(
        _ request: Request,
        _ match: RouteMatch,
        identifier: RecordIdentifier,
        startedAt: Timestamp,
        origin: RequestOrigin,
        trigger: InvocationTrigger = .http,
        trace: TraceContext,
        depth: Int = 0,
        surroundings: Surroundings,
        sink: any AnswerSink
    ) {
        body = request.isComplete ? nil : BodyInbox()
        version = match.version
        let timeout = UInt64(match.version.configuration.limits.timeoutMilliseconds)
        deadline = request.receivedAt &+ timeout &* 1_000_000
        report = InvocationReport(
            request,
            match,
            identifier: identifier,
            startedAt: startedAt,
            trigger: trigger,
            trace: trace
        )
        // Last, so that what was given is kept and not copied.
        self.request = request
        self.match = match
        self.origin = origin
        self.depth = depth
        self.surroundings = surroundings
        self.sink = sink
    }

    var identifier: RecordIdentifier { report.identifier }

    // MARK: - From the client

    /// Tells that nobody waits for the answer any more.
    ///
    /// Any thread.
    ///
    /// The guest stops at the end of its slice.
    public func cancel() {
        wasCanceled.store(true, ordering: .relaxed)
        wake()
    }

    /// Takes the next piece of a body that was not complete.
    ///
    /// Any thread.
    public func receive(_ piece: [UInt8], isLast: Bool) {
        guard let body else { return }
        body.append(piece, isLast: isLast)
        wake()
    }

    /// Tells that the client has taken most of what was sent.
    ///
    /// Any thread.
    public func didDrain() {
        wasDrained.store(true, ordering: .releasing)
        wake()
    }

    var isWakePending: Bool { wakeMark.load(ordering: .acquiring) }

    /// Makes sure that the invocation is looked at soon, wherever it sleeps.
    func wake() {
        // Paired with the acquiring load in `isWakePending`.
        wakeMark.store(true, ordering: .releasing)
        surroundings.scheduler.wake(self)
    }

    // MARK: - The way to the guest

    /// Takes the request as far as it gets at once, on the calling thread; true when it is over.
    func start() -> Bool {
        guard surroundings.census.enter() else {
            refuse(surroundings.census.isDraining ? .draining : .platformFull)
            return true
        }
        guard version.uses.begin() else {
            surroundings.census.leave()
            refuse(.withdrawn)
            return true
        }
        let configuration = version.configuration
        switch takePlace(queue: configuration.queue) {
        case .enter:
            return proceed(budget: surroundings.options.firstSliceInstructions)
        case .wait:
            surroundings.scheduler.sleep(self, until: deadline)
            return false
        case .refuse:
            version.uses.end()
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

    private func takePlace(queue: Int) -> FunctionGate<Invocation>.Admission {
        // Before anybody else can find this invocation in line.
        stage = .inLine
        let admission = version.gate.enter(
            self,
            concurrency: version.configuration.concurrency,
            queue: queue
        )
        if case .enter = admission { stage = .admitted }
        return admission
    }

    private func leavePlace() {
        guard stage == .admitted else { return }
        if let next = version.gate.leave(concurrency: version.configuration.concurrency) {
            next.wake()
        }
    }

    func resume() -> Suspension {
        wakeMark.store(false, ordering: .releasing)
        isInline = false
        switch stage {
        case .inLine:
            // Woken by its deadline, its client, or because it is its turn: then it is not in line any more.
            if version.gate.hasInLine(self) {
                guard isOver else { return .until(deadline) }
                if version.gate.withdraw(self) {
                    stage = .awaitingClient
                    endOver()
                    return .done
                }
            }
            stage = .admitted
        case .awaitingClient:
            if isOver {
                endOver()
                return .done
            }
            takeInput()
            guard canGoOn else {
                if Monotonic.now() >= holdsAnswerUntil, let dialogue {
                    holdsAnswerUntil = .max
                    if let failure = flush(dialogue) { return end(failure) }
                }
                return awaitClient()
            }
            if case .wait = takePlace(queue: .max) { return .until(deadline) }
        case .admitted, .ended:
            break
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
        if execution == nil {
            let now = Monotonic.now()
            guard now < deadline else {
                end(.failed(timeout(waited: true)))
                return .done
            }
            if let awaitsNext { return callNext(awaitsNext) }
            guard let residence = version.residence else { return load() }
            if let failure = dialogue == nil ? begin(residence, now) : beginResponse() {
                return end(failure)
            }
        }
        takeInput()
        return runSlice(budget: budget)
    }

    /// Has the version loaded, and waits for that.
    private func load() -> Suspension {
        if let loadFailure {
            switch loadFailure {
            case .missing: end(.failed(.withdrawn))
            case .secrets: end(.failed(.sealed))
            case .damaged(let reason):
                end(.failed(.quarantined(version: version.number, reason: reason)))
            default: end(.failed(.unavailable(loadFailure.description)))
            }
            return .done
        }
        report.startBegan(at: Monotonic.now())
        switch version.await(self) {
        case .none: return .ready
        case .wait: return .elsewhere
        case .load:
            surroundings.loader.load(version)
            return .elsewhere
        }
    }

    // MARK: - The guest

    private func runSlice(budget: Int64) -> Suspension {
        guard let execution, let dialogue else {
            end(.failed(.unavailable("the invocation was resumed before it had begun")))
            return .done
        }
        sliceCount += 1
        let outcome = execution.resume(budget: budget)
        reportConsumption(dialogue)
        switch outcome {
        case .finished:
            return goOn(dialogue.returned(from: execution))
        case .exited(0):
            end(.finished)
        case .exited(let code):
            let trap = execution.exitTrap
            let reason = dialogue.exitReason
            let cause = reason ?? "it exited with code \(code)"
            end(.failed(memoryFailure(cause, trap) ?? .exit(code, reason: reason, trap)))
        case .trapped(let trap):
            end(.failed(failure(of: trap, dialogue.context)))
        case .outOfBudget:
            guard Monotonic.now() < deadline else {
                end(.failed(timeout(waited: false)))
                return .done
            }
            if sliceCount > 1 { keepAnotherReady() }
            return flush(dialogue).map { end($0) } ?? .ready
        case .waiting(let condition):
            keepAnotherReady()
            return wait(for: condition, dialogue)
        }
        return .done
    }

    private func goOn(_ step: DialogueStep) -> Suspension {
        switch step {
        case .answered:
            end(.finished)
            return .done
        case .askNext(let handler):
            return askNext(handler)
        }
    }

    private func wait(
        for condition: WaitCondition,
        _ dialogue: any GuestDialogue
    ) -> Suspension {
        // What it has said goes out before it waits.
        let now = Monotonic.now()
        if !holdsAnswer(before: condition, now: now), let failure = flush(dialogue) {
            return end(failure)
        }
        guard now < deadline else {
            end(.failed(timeout(waited: false)))
            return .done
        }
        awaitsClientUntil = .max
        switch condition {
        case .deadline(let moment):
            return .until(min(moment, deadline))
        case .input:
            break
        case .inputOrDeadline(let moment):
            awaitsClientUntil = moment
        case .output:
            return answer.hasRoom ? .ready : awaitClient()
        }
        takeInput()
        return canGoOn ? .ready : awaitClient()
    }

    /// The longest time for which an answer is held back, in nanoseconds.
    private static let answerHoldNanoseconds: UInt64 = 50_000_000

    /// Whether the answer does not begin yet: a request that turns out malformed a moment later is still refused as
    /// a whole then, and not answered with success first.
    private func holdsAnswer(before condition: WaitCondition, now: UInt64) -> Bool {
        guard !answer.hasBegun, let body, !body.hasEnded else { return false }
        switch condition {
        case .deadline, .output: return false
        case .input, .inputOrDeadline: break
        }
        if holdsAnswerUntil == .max { holdsAnswerUntil = now &+ Self.answerHoldNanoseconds }
        return now < holdsAnswerUntil
    }

    // MARK: - Waiting for the client

    /// Others of the function run meanwhile.
    func awaitClient() -> Suspension {
        leavePlace()
        stage = .awaitingClient
        let flushAt = answer.hasBegun ? .max : holdsAnswerUntil
        return .until(min(awaitsClientUntil, flushAt, deadline))
    }

    private var canGoOn: Bool {
        if awaitsNext != nil { return nextAwakening?.outcome != nil }
        if let nextAnswer { return nextAnswer.isComplete }
        answer.noteDrained(wasDrained)
        guard let dialogue, answer.hasRoom || dialogue.context.output.isReady else { return false }
        return dialogue.context.input.isReady || Monotonic.now() >= awaitsClientUntil
    }

    private func takeInput() {
        guard let dialogue else { return }
        // A body that was complete when the invocation began is all there.
        guard let body else { return dialogue.context.input.end() }
        body.empty(into: &dialogue.context.input)
    }

    /// Below this, more than the client's window waits in any case.
    private static let consumptionStep = 32 << 10

    /// Lets the client send more in place of what the guest has read.
    private func reportConsumption(_ dialogue: any GuestDialogue) {
        guard body != nil else { return }
        let read = Int(clamping: dialogue.context.input.readByteCount)
        let isEmpty = dialogue.context.input.unreadByteCount == 0
        let step = read - consumedByteCount
        guard step >= Self.consumptionStep || (isEmpty && step > 0) else { return }
        consumedByteCount = read
        sink.consume(step)
    }

    /// Whether there is nothing to wait for any more.
    private var isOver: Bool {
        wasCanceled.load(ordering: .relaxed) || Monotonic.now() >= deadline
    }

    private func endOver() {
        let isCanceled = wasCanceled.load(ordering: .relaxed)
        end(isCanceled ? .canceled : .failed(timeout(waited: execution == nil)))
    }

    // MARK: - The end

    enum Ending {
        case finished
        case failed(InvocationFailure)
        case canceled
    }

    private func end(_ failure: InvocationFailure) -> Suspension {
        end(.failed(failure))
        return .done
    }

    /// Answers, then gives everything back, then records.
    private func end(_ ending: Ending) {
        nextInvocation?.cancel()
        nextInvocation = nil
        report.guestEnded(fuel: fuelBefore + (execution?.fuelUsed ?? 0), lease)
        var isSound = false
        switch ending {
        case .finished:
            isSound = finishAnswer()
        case .failed(let failure):
            fail(failure)
        case .canceled:
            report.canceled()
        }
        releaseGuest(isSound: isSound)
        leavePlace()
        stage = .ended
        version.uses.end()
        surroundings.census.leave()
        record()
    }

    /// Refuses at once: it was never admitted.
    private func refuse(_ failure: InvocationFailure) {
        stage = .ended
        surroundings.census.countRefusal(failure)
        fail(failure)
        record()
    }

    /// Gives instance and stack back; the instance later, when the answer is yet to be written by this thread.
    ///
    /// The log stays for the record.
    private func releaseGuest(isSound: Bool) {
        execution?.abandon()
        execution = nil
        if let stack = stack.take() { surroundings.stacks.give(back: stack) }
        guard let lease = lease.take(), let loaded = loaded.take() else { return }
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
        if let body { report.received(request.body.count + body.totalByteCount) }
        let phases = report.phases(until: Monotonic.now())
        var record = report.record(version, phases, log: dialogue?.context)
        version.metrics(in: surroundings.metrics).count(record, phases, shard: surroundings.shard)
        if report.trace.isSampled, let spans = surroundings.spans {
            spans.append(InvocationSpan(record, report.trace, origin, match, depth: depth))
        }
        surroundings.ring.append(taking: &record, share: version.configuration.sampleSuccesses)
        dialogue = nil
        if !isInline { sink.invocationEnded() }
    }
}
