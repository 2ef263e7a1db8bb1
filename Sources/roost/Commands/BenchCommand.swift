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
            """
            Write a picture of how the times of starts are spread: FILE.svg, or FILE.png, which needs the program \
            rsvg-convert (Debian package librsvg2-bin). A terminal shows it in any case.
            """,
            valueName: "file"
        )
    )
    var chart: String?

    @OptionGroup var progress: ProgressOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if count < 1 { throw ValidationError("--count must be at least 1") }
        if !compare.isEmpty, compare.count != 2 {
            throw ValidationError("--compare takes two versions")
        }
        if let chart, ChartFile(chart) == nil {
            throw ValidationError("--chart: '\(chart)' should end in .svg or .png")
        }
    }

    func run() throws {
        try Output.reportingFailures {
            guard compare.isEmpty else { return try compareVersions() }
            let bar = progress.makeBar()
            defer { bar.clear() }
            let answer = try connection.makeClient().control(
                DaemonClient.Request(
                    method: "POST",
                    path: "/v1/functions/\(DaemonClient.segment(name))/bench",
                    query: version.map { [(name: "version", value: "\($0)")] } ?? [],
                    headers: [(name: "Content-Type", value: "application/json")],
                    body: Data("{\"count\":\(count)}".utf8)
                )
            ) { progress in
                guard let phase = progress["phase"]?.text,
                    let done = progress["done"].flatMap({ Int($0.text) }),
                    let count = progress["of"].flatMap({ Int($0.text) })
                else { return }
                bar.show("\(printable(phase)) starts", done: done, of: count)
            }
            bar.clear()
            let result = BenchResult(try DaemonClient.json(answer))
            if let chart = chart.flatMap(ChartFile.init) {
                try chart.write(result.picture(title: "Starts of \(name)"))
            }
            if output.json { return Output.writeJSON(answer) }
            result.table.print()
            if Terminal.output.isInteractive { result.chart.forEach { print($0) } }
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
