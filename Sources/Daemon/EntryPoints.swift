import Foundation

// The command line's two ways into this target, until the daemon itself takes their place.

/// Runs the daemon until a signal ends it, and returns the process's exit code.
public func serve(_ options: ServeOptions) -> Int32 {
    refuse("serve")
}

/// Runs one WASI command in the terminal, and returns its exit code.
public func runCommand(_ options: RunOptions) -> Int32 {
    refuse("run")
}

private func refuse(_ command: String) -> Int32 {
    let message = Data("roost: this build cannot '\(command)'\n".utf8)
    // Best effort: there is nowhere else to tell.
    try? FileHandle.standardError.write(contentsOf: message)
    return EX_SOFTWARE
}
