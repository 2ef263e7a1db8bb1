import HTTP
import Linux
import Store
import WASI
import Wasm

/// Getting an instance, and what its failures mean.
extension Invocation {
    /// Gets an instance and prepares the guest's call.
    func begin(_ residence: FunctionVersion.Residence, _ now: UInt64) -> InvocationFailure? {
        report.startBegan(at: now)
        let loaded = residence.loaded
        let dialogue = Self.makeDialogue(
            for: request,
            match,
            loaded.image,
            residence.environment,
            identifier: identifier,
            trace: report.trace,
            origin: origin
        )
        do {
            // What is taken here is given back at the invocation's end, however it ends.
            let stack =
                try surroundings.stacks.take() ?? ValueStack(byteCount: VersionImage.stackBytes)
            self.stack = stack
            let lease = try takeInstance(loaded.pool, now)
            self.loaded = loaded
            let (instance, kind, shortage) = (lease.instance, lease.kind, lease.shortage)
            self.lease = consume lease
            if shortage == .ofDemand { requestRefill(of: loaded.pool) }
            execution = try dialogue.begin(
                instance,
                stack,
                fuelLimit: version.configuration.limits.fuel
            )
            report.start = wasLoaded ? .compiled : kind
        } catch {
            return .unavailable("\(error)")
        }
        self.dialogue = dialogue
        let guestBeganAt = Monotonic.now()
        report.guestBegan(at: guestBeganAt)
        dialogue.context.startedAt = guestBeganAt
        dialogue.giveRequest()
        return nil
    }

    /// Makes the dialogue that a version's interface wants, with what has come of the request.
    static func makeDialogue(
        for request: Request,
        _ match: RouteMatch,
        _ image: VersionImage,
        _ environment: FixedEnvironment,
        identifier: RecordIdentifier,
        trace: TraceContext,
        origin: RequestOrigin
    ) -> any GuestDialogue {
        var input = GuestInput(request.body)
        if !request.isComplete {
            input = .arriving
            if !request.body.isEmpty { input.append(request.body) }
        }
        let limits = match.version.configuration.limits
        if let script = image.script {
            let head = request.head
            let message = {
                ScriptMessage.request(
                    head,
                    match,
                    identifier: identifier.description,
                    origin,
                    seed: ScriptMessage.makeSeed()
                )
            }
            let dialogue = ScriptDialogue(
                script,
                message: message,
                input: input,
                limits: limits
            )
            dialogue.context.output.highWater = AnswerProgress.bufferedBytesMax
            return dialogue
        }
        let dialogue: any GuestDialogue
        switch image.interface {
        case .wasiCommand, .script:
            let cgi = CGIEnvironment(
                head: request.head,
                match: match,
                fixed: environment,
                requestIdentifier: identifier,
                trace: trace,
                bodyByteCount: request.isComplete ? request.body.count : nil,
                origin: origin
            )
            dialogue = CGIDialogue(image.entry, input: input, limits: limits) {
                (cgi.arguments(), cgi.environment())
            }
        case .httpWasmHandler:
            dialogue = HandlerDialogue(
                request.head,
                match,
                origin,
                input: input,
                environment: environment.strings,
                image
            )
        }
        if let tree = image.tree { dialogue.context.tree = tree }
        dialogue.context.output.highWater = AnswerProgress.bufferedBytesMax
        return dialogue
    }

    /// Has another instance made when the one in use was the only one: it will not be back at once.
    func keepAnotherReady() {
        if lease?.shortage == .ofMinimum, let loaded { requestRefill(of: loaded.pool) }
    }

    private func requestRefill(of pool: InstancePool) {
        lease?.shortage = .none
        pool.requestRefill(by: surroundings.janitor)
    }

    private func takeInstance(
        _ pool: InstancePool,
        _ now: UInt64
    ) throws(VersionError) -> InstanceLease {
        do throws(VersionError) {
            return try pool.take(now: now)
        } catch .instantiation(.system) {
            // The kernel has no mapping left: instances that nobody needs now have some.
            surroundings.residents.relieve()
            return try pool.take(now: Monotonic.now())
        }
    }

    func failure(of trap: Trap, _ context: WASIContext) -> InvocationFailure {
        if context.output.limitWasExceeded {
            let limit = version.configuration.limits.outputBytes
            return .badOutput("it is larger than limits.outputBytes of \(limit)", trap)
        }
        if trap.kind == .outOfFuel {
            return .fuel(limit: version.configuration.limits.fuel ?? 0, trap)
        }
        return memoryFailure(trap.description, trap) ?? .trap(trap)
    }

    func memoryFailure(_ cause: String, _ trap: Trap?) -> InvocationFailure? {
        guard let lease, lease.instance.growthWasRefused else { return nil }
        return .memory(limit: version.configuration.limits.memoryBytes, cause: cause, trap)
    }

    /// The failure of an invocation whose time is over; its guest, if it has begun, cannot go on.
    func timeout(waited: Bool) -> InvocationFailure {
        let milliseconds = version.configuration.limits.timeoutMilliseconds
        let reason = "stopped after limits.timeoutMs of \(milliseconds)"
        return .timeout(
            milliseconds: milliseconds,
            waited: waited,
            execution?.interrupt(reason: reason)
        )
    }
}
