import ArgumentParser
import Daemon
import Foundation

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check a data folder, and say how to mend it.",
        discussion: """
            Needs no daemon, and changes nothing without --mend. Exits with 0 when the folder is sound, and with 1 when \
            there is a problem; notes are no problems.
            """
    )

    @Flag(help: "Mend what can be mended without loss: modes of files, and what a crash has left.")
    var mend = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var folder: DataFolderOptions

    func run() throws {
        let report = Daemon.examine(dataFolder: folder.path, mends: mend)
        if output.json {
            Output.writeJSON(report.json)
        } else {
            for finding in report.findings {
                print(printable("\(finding.label): \(finding.place): \(finding.detail)"))
                if let advice = finding.advice { print(printable("    \(advice)")) }
            }
            print(
                report.isSound
                    ? "\(folder.path) is sound" : "\(folder.path) needs attention"
            )
        }
        if !report.isSound { throw ExitCode(1) }
    }
}
