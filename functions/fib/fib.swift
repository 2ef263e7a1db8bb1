/// Answers the nth Fibonacci number, `?n=30`, computed the slow way: it is here to use time.
@main
struct Fibonacci {
    static let largest = 45

    static func main() {
        guard let n = parameter("n", otherwise: "30").flatMap({ Int($0) }), (0...largest).contains(n)
        else {
            print("Status: 400\nContent-Type: text/plain\n\nn must be a number from 0 to \(largest)")
            return
        }
        print("Content-Type: text/plain\n\nfib(\(n)) = \(fib(n))")
    }

    static func fib(_ n: Int) -> Int {
        n < 2 ? n : fib(n - 1) + fib(n - 2)
    }

    /// The value of a parameter in the query string, which CGI puts into an environment variable.
    ///
    /// Compares bytes, not characters: that leaves Unicode's tables out of the module.
    static func parameter(_ name: StaticString, otherwise: String) -> String? {
        guard let query = unsafe getenv("QUERY_STRING") else { return otherwise }
        for pair in unsafe String(cString: query).utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1)
            if parts.count == 2, parts[0].elementsEqual(name.description.utf8) {
                return String(parts[1])
            }
        }
        return otherwise
    }
}
