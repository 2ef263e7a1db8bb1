import ArgumentParser

/// The option of every command that may take long.
struct ProgressOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Show no progress bar.")
    var quiet = false

    /// The bar, which is not drawn yet.
    func makeBar() -> ProgressBar { ProgressBar(quiet: quiet) }
}
