import ArgumentParser
import Daemon
import Foundation

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Start a function many times and print how long each phase took.",
        discussion: "Runs inside the daemon, without the network. Times are in microseconds."
    )

    @Argument(help: "The function.")
    var name: String

    @Option(help: "How many times.")
    var count = 1_000

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if count < 1 { throw ValidationError("--count must be at least 1") }
    }

    func run() throws {
        try Output.reportingFailures {
            let response = try connection.makeClient().control(
                DaemonClient.Request(
                    method: "POST",
                    path: "/v1/functions/\(DaemonClient.segment(name))/bench",
                    headers: [(name: "Content-Type", value: "application/json")],
                    body: Data("{\"count\":\(count)}".utf8)
                )
            )
            if output.json { return Output.writeJSON(response.body) }
            guard case .object(let phases)? = try DaemonClient.json(response)["phases"] else {
                throw Failure(code: .protocolError, message: "the daemon's result has no phases")
            }
            let columns = ["p50", "p95", "p99", "max"]
            var table = Table([("PHASE", .left)] + columns.map { ($0.uppercased(), .right) })
            // In the order in which a request goes through them, others after.
            let known = ["queue", "start", "guest", "total"]
            let others = phases.keys.filter { !known.contains($0) }.sorted()
            for phase in known + others {
                guard let values = phases[phase] else { continue }
                table.add([phase] + columns.map { values[$0]?.text ?? "" })
            }
            table.print()
        }
    }
}
