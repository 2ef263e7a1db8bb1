import ArgumentParser

/// A page of the manual: `roost help NAME`, or `roost NAME`, prints it.
protocol HelpTopic: ParsableCommand {}

extension HelpTopic {
    func run() throws { throw CleanExit.helpRequest(self) }
}

enum HelpTopics {
    static let all: [any ParsableCommand.Type] = [
        ExitCodesTopic.self, EnvironmentTopic.self, CallingTopic.self, CompletionTopic.self,
    ]
}

struct ExitCodesTopic: HelpTopic {
    static let configuration = CommandConfiguration(
        commandName: "exit-codes",
        abstract: "What the program's exit codes say.",
        discussion: """
              0   done
              1   the daemon refused the request, or the function failed (status 400 or more), or 'doctor' \
            found something
              64  the command line is wrong
              65  a file does not hold what it should, or a project cannot be built
              66  a file cannot be read
              69  the daemon cannot be reached
              71  the kernel refuses what was needed
              72  a compiler is missing
              73  a file cannot be written
              76  the daemon's answer makes no sense
            'run' exits with the guest's own code, and 'serve' with 0 after SIGTERM.
            """
    )
}

struct EnvironmentTopic: HelpTopic {
    static let configuration = CommandConfiguration(
        commandName: "environment",
        abstract: "The variables that the program reads.",
        discussion: """
            ROOST_URL           the daemon that commands talk to, in place of --url; else http://127.0.0.1:8080
            ROOST_TOKEN         the token that they show it, in place of --token; else the file 'token' in the data folder
            ROOST_DATA          the data folder, in place of --data; else $XDG_DATA_HOME/roost, else ~/.local/share/roost
            ROOST_CONFIG        the daemon's configuration file, in place of --config
            ROOST_ADMIN_LISTEN  where the control plane listens, in place of --admin-listen
            ROOST_WORKERS       event loops, in place of --workers
            NO_COLOR, TERM      no colours, and nothing redrawn
            LISTEN_FDS, NOTIFY_SOCKET, CREDENTIALS_DIRECTORY  as systemd sets them
            """
    )
}

struct CallingTopic: HelpTopic {
    static let configuration = CommandConfiguration(
        commandName: "calling",
        abstract: "How functions are called, and what their answers say.",
        discussion: """
            /f/NAME/REST           the live version; REST and the query are the function's
            /f/NAME@VERSION/REST   a version by its number
            /f/NAME@ALIAS/REST     the version that an alias leads to
            Prefer: respond-async  202 at once; the call is made later, and again when it fails

            X-Request-Id           the record's id: 'roost invocation ID'
            X-Function-Version     the version that answered
            X-Start                pooled: an instance was ready; fresh: it was made from the snapshot; compiled: the \
            code had to be loaded first
            X-Fuel-Used            executed instructions
            Server-Timing          milliseconds in the queue, for the start, in the guest, and in all
            X-Function-Error       trap, timeout, fuel, memory, bad-output or overloaded, when the answer is the platform's

            429: the function has too many calls; 502: it trapped or answered badly; 503: the platform is full; 504: it was \
            out of time or fuel. A function's own status passes through.
            """
    )
}

struct CompletionTopic: HelpTopic {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "How a shell completes this program's commands.",
        discussion: """
            roost --generate-completion-script bash > ~/.local/share/bash-completion/completions/roost
            roost --generate-completion-script zsh > ~/.zsh/completions/_roost
            roost --generate-completion-script fish > ~/.config/fish/completions/roost.fish
            """
    )
}
