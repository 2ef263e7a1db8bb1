import HTTP
import WASI
import Wasm

/// The dialogue with an interpreter that has loaded a script: a message and the body on its standard input, and an
/// answer as of CGI on its standard output.
final class ScriptDialogue: GuestDialogue {
    private let script: RuntimeImage.LoadedScript
    private let answer: CGIDialogue
    private let message: () -> [UInt8]

    var context: WASIContext { answer.context }

    /// `input` is what has come of the body; `message` makes the message before it.
    init(
        _ script: RuntimeImage.LoadedScript,
        message: @escaping () -> [UInt8],
        input: GuestInput,
        limits: FunctionConfiguration.Limits
    ) {
        self.script = script
        self.message = message
        answer = CGIDialogue(nil, input: input, limits: limits) { (GuestStrings(), GuestStrings()) }
    }

    func begin(
        _ instance: Instance,
        _ stack: ValueStack,
        fuelLimit: UInt64?
    ) -> Execution {
        context.tree = script.tree
        context.restore(script.descriptors)
        return Execution(
            resuming: script.call,
            instance,
            stack: stack,
            fuelLimit: fuelLimit,
            hostState: context
        )
    }

    func giveRequest() { context.input.put(message()) }

    /// Why the script exited with a code, by what it wrote last.
    var exitReason: String? {
        context.log.finish()
        let count = context.log.count
        guard count > 0 else { return nil }
        return ScriptFailure(output: context.log[count - 1].text).description
    }

    func returned(from call: Execution) -> DialogueStep { .answered }

    func takeHead(isFinal: Bool) throws(BadAnswer) -> AnswerHead? {
        try answer.takeHead(isFinal: isFinal)
    }

    func takeBody() -> [UInt8] { answer.takeBody() }

    var hasOutput: Bool { answer.hasOutput }
}
