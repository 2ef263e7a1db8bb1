import Foundation

/// A file for a picture: SVG as it is, PNG through `rsvg-convert`.
struct ChartFile {
    private let path: String
    private let isPNG: Bool

    /// Tells the format by the name; nil for one that is neither.
    init?(_ path: String) {
        let name = path.lowercased()
        guard name.hasSuffix(".svg") || name.hasSuffix(".png") else { return nil }
        self.path = path
        isPNG = name.hasSuffix(".png")
    }

    /// Writes the picture, given as SVG.
    func write(_ picture: String) throws(Failure) {
        guard isPNG else { return try write(picture, to: URL(filePath: path)) }
        let source = FileManager.default.temporaryDirectory
            .appending(path: "roost-\(UUID().uuidString).svg")
        try write(picture, to: source)
        defer { try? FileManager.default.removeItem(at: source) }
        let converter = Process()
        converter.executableURL = URL(filePath: "/usr/bin/env")
        converter.arguments = [
            "rsvg-convert", "--format=png", "--zoom=2", "--output=\(path)", source.path(),
        ]
        guard (try? converter.run()) != nil else { throw failure("rsvg-convert cannot be started") }
        converter.waitUntilExit()
        switch converter.terminationStatus {
        case 0: return
        case 127: throw failure("rsvg-convert is missing (Debian package librsvg2-bin)")
        case let status: throw failure("rsvg-convert exited with code \(status)")
        }
    }

    private func write(_ text: String, to url: URL) throws(Failure) {
        do {
            try Data(text.utf8).write(to: url)
        } catch {
            throw failure((error as NSError).localizedDescription)
        }
    }

    private func failure(_ reason: String) -> Failure {
        Failure(code: .cannotCreate, message: "cannot write \(path): \(reason)")
    }
}
