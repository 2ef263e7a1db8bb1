import ArgumentParser
import Daemon
import Foundation

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Start a function many times and print how long each phase took.",
        discussion: """
            Runs inside the daemon, without the network. Times are in microseconds: of pooled starts (an instance was \
            ready), fresh ones (made from the snapshot) and compiled ones (the module was not in memory). The result is \
            kept with the version; --compare shows two versions' newest results side by side.
            """
    )

    @Argument(help: "The function.")
    var name: String

    @Option(help: "How many times.")
    var count = 1_000

    @Option(help: "The version; else the live one.")
    var version: Int?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Compare the kept results of two versions.", valueName: "version")
    )
    var compare: [Int] = []

    @Option(
        help: ArgumentHelp(
            "Write a picture of how the times of starts are spread, as SVG. A terminal shows it in any case.",
            valueName: "file"
        )
    )
    var chart: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if count < 1 { throw ValidationError("--count must be at least 1") }
        if !compare.isEmpty, compare.count != 2 {
            throw ValidationError("--compare takes two versions")
        }
        if let chart, !chart.lowercased().hasSuffix(".svg") {
            throw ValidationError("--chart writes SVG: '\(chart)' should end in .svg")
        }
    }

    func run() throws {
        try Output.reportingFailures {
            guard compare.isEmpty else { return try compareVersions() }
            let response = try connection.makeClient().control(
                DaemonClient.Request(
                    method: "POST",
                    path: "/v1/functions/\(DaemonClient.segment(name))/bench",
                    query: version.map { [(name: "version", value: "\($0)")] } ?? [],
                    headers: [(name: "Content-Type", value: "application/json")],
                    body: Data("{\"count\":\(count)}".utf8)
                )
            )
            let result = BenchResult(try DaemonClient.json(response))
            if let chart {
                let picture = result.picture(title: "Starts of \(name)")
                try Data(picture.utf8).write(to: URL(filePath: chart))
            }
            if output.json { return Output.writeJSON(response.body) }
            result.table.print()
            if isatty(STDOUT_FILENO) == 1 { result.chart.forEach { print($0) } }
        }
    }

    private func compareVersions() throws {
        let client = try connection.makeClient()
        let results = try compare.map { number in
            let path = "/v1/functions/\(DaemonClient.segment(name))/versions/\(number)"
            let document = try DaemonClient.json(client.control(DaemonClient.Request(path: path)))
            guard case .array(let kept)? = document["benchmarks"], let newest = kept.first,
                let result = newest["result"]
            else {
                throw Failure(
                    code: .refused,
                    message:
                        "version \(number) has no result: run 'roost bench \(name) --version \(number)' first"
                )
            }
            return BenchResult(result)
        }
        results[1].table(comparedTo: results[0], compare[0], compare[1]).print()
    }
}
