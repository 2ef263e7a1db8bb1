import ArgumentParser
import Foundation

struct InvokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke",
        abstract: "Call a function and print its answer.",
        discussion: """
            The answer's body goes to standard output as it is. A status of 400 or more gives exit \
            code 1; when the platform made it, its reason goes to standard error instead.
            """
    )

    @Argument(help: "The function, with the rest of the path: hello/a/b?x=1, or hello@3/.")
    var target: String

    @Option(name: [.customShort("X"), .long], help: "The method. (default: GET, or POST with -d)")
    var method: String?

    @Option(
        name: [.customShort("H"), .long],
        help: ArgumentHelp("A header field.", valueName: "name: value")
    )
    var header: [String] = []

    @Option(
        name: [.short, .long],
        parsing: .unconditional,
        help: "The body: text, @FILE, or '-' for standard input."
    )
    var data: String?

    @Flag(
        name: .customLong("async"),
        help: "Have the call made later, and print the id by which its result can be asked for."
    )
    var isAsync = false

    @Flag(
        name: [.customShort("i"), .customLong("include")],
        help: "Print the status and the header fields first."
    )
    var showsHeaders = false

    @OptionGroup var address: AddressOptions

    func run() throws {
        try Output.reportingFailures {
            let client = try address.makeClient()
            let request = DaemonClient.Request(
                method: method ?? (data == nil ? "GET" : "POST"),
                path: path,
                headers: try headers(),
                body: try body()
            )
            let response = try client.invoke(request)
            try show(response)
        }
    }

    var path: String {
        let parts = target.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let first = parts.first.map(String.init) ?? ""
        // `hello?x=1` has its query before any slash.
        let mark = first.firstIndex(of: "?") ?? first.endIndex
        let name = DaemonClient.segment(String(first[..<mark]))
        let rest = parts.count > 1 ? "/\(parts[1])" : ""
        return "/f/\(name)" + (rest.isEmpty || mark != first.endIndex ? "/" : "")
            + first[mark...] + rest
    }

    private func headers() throws -> [(name: String, value: String)] {
        var headers = try header.map { text in
            guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else {
                throw ValidationError("'\(text)' is not a header field: use 'name: value'")
            }
            let value = text[text.index(after: colon)...]
            return (
                name: String(text[..<colon]),
                value: value.trimmingCharacters(in: .whitespaces)
            )
        }
        if isAsync { headers.append((name: "Prefer", value: "respond-async")) }
        if data != nil, !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            headers.append((name: "Content-Type", value: "application/octet-stream"))
        }
        // Without a wish of its own, the client would ask for gzip and unpack it unseen.
        if !headers.contains(where: { $0.name.lowercased() == "accept-encoding" }) {
            headers.append((name: "Accept-Encoding", value: "identity"))
        }
        return headers
    }

    private func body() throws -> Data? {
        guard let data else { return nil }
        if data == "-" { return try Output.input("-") }
        if data.hasPrefix("@") { return try Output.input(String(data.dropFirst())) }
        return Data(data.utf8)
    }

    private func show(_ response: DaemonClient.Response) throws {
        if showsHeaders {
            print("HTTP/1.1 \(response.status)")
            for header in response.headers { print(printable("\(header.name): \(header.value)")) }
            print("")
            // Otherwise these lines could come after the body, which is not buffered.
            fflush(nil)
        }
        guard response.status >= 400 else { return Output.write(response.body) }
        if response.header("Content-Type")?.hasPrefix("application/problem+json") == true {
            let problem = Problem(status: response.status, body: response.body)
            throw Failure(code: .refused, message: problem.line)
        }
        Output.write(response.body)
        throw ExitCode(Failure.Code.refused.rawValue)
    }
}

/// The address only: functions are called without the token.
struct AddressOptions: ParsableArguments {
    @Option(help: "The daemon's address. [env: ROOST_URL] (default: http://127.0.0.1:8080)")
    var url: String?

    func makeClient() throws -> DaemonClient {
        try DaemonClient(base: daemonAddress(option: url), token: nil)
    }
}
