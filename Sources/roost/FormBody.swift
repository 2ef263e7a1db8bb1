import Foundation

/// The body of a `multipart/form-data` request (RFC 7578).
struct FormBody {
    private let boundary = "roost-\(UUID().uuidString)"
    private var bytes = Data()

    /// The value of `Content-Type`.
    var contentType: String { "multipart/form-data; boundary=\(boundary)" }

    /// The body, ended.
    var data: Data { bytes + Data("--\(boundary)--\r\n".utf8) }

    /// Adds a part.
    mutating func add(_ name: String, _ content: Data, type: String) {
        let head = """
            --\(boundary)\r
            Content-Disposition: form-data; name="\(name)"\r
            Content-Type: \(type)\r
            \r\n
            """
        bytes += Data(head.utf8) + content + Data("\r\n".utf8)
    }
}
