// A request runs this program from the start. It finds the request in its environment and on its
// standard input, and prints the answer; what it prints to standard error is its log.

@main
struct Function {
    static func main() {
        var body: [UInt8] = []
        var byte = getchar()
        while byte >= 0 {
            body.append(UInt8(truncatingIfNeeded: byte))
            byte = getchar()
        }

        log("\(variable("REQUEST_METHOD")) \(variable("X_FULL_URL"))")

        let name = body.isEmpty ? "world" : String(decoding: body, as: UTF8.self)
        print("Content-Type: text/plain; charset=utf-8\n")
        print("Hello, \(name)! Greetings from Swift.")
    }

    static func variable(_ name: String) -> String {
        guard let value = getenv(name) else { return "" }
        return String(cString: value)
    }

    static func log(_ line: String) {
        let bytes = Array(line.utf8) + [UInt8(ascii: "\n")]
        _ = write(2, bytes, bytes.count)
    }
}
