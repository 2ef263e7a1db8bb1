import Foundation
import HTTP
import Linux
import Synchronization
import Testing

@testable import Platform
@testable import Store

/// Functions of which the routing table only knows that they exist.
struct DormantFunctionTests {
    private static func head(_ path: String) throws -> RequestHead {
        try RequestHead(parsing: Array("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
    }

    private func isDormant(_ table: RoutingTable, _ path: String) throws -> Bool {
        guard case .dormant = table.find(try Self.head(path)) else { return false }
        return true
    }

    @Test func `the table finds the names of dormant functions, and no others`() throws {
        var table = RoutingTable()
        for index in 0..<5_000 { table.addDormant("x\(index)") }
        #expect(table.count == 5_000 && table.dormantCount == 5_000)
        for index in 0..<5_000 {
            #expect(try isDormant(table, "/f/x\(index)/rest"))
            #expect(try !isDormant(table, "/f/y\(index)"))
        }
        for path in ["/f/x7@3", "/f/x7@live/a"] { #expect(try isDormant(table, path)) }
        for path in ["/f/", "/f/X7", "/"] { #expect(try !isDormant(table, path)) }
        for index in 0..<5_000 {
            let wasThere = table.remove("x\(index)")
            #expect(wasThere)
        }
        let wasThere = table.remove("x7")
        #expect(!wasThere && table.count == 0 && table.dormantCount == 0)
        #expect(try !isDormant(table, "/f/x7"))
    }

    private struct Unreadable: Error {}

    /// A platform whose store has the functions `sound`, `kept`, and `gone`, which is deleted while one of the
    /// latter is read first.
    private func withPlatform(_ body: (Platform) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "roost-\(UUID())")
            .path(percentEncoded: false)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let invocations = try InvocationStore(folder: try DataFolder(path: path)) { _ in }
        defer { invocations.close() }
        let deleting = Mutex<(@Sendable () -> Void)?>(nil)
        let platform = try Platform(
            options: PlatformOptions(),
            log: invocations,
            functions: { name in
                switch name.description {
                case "sound": break
                case "gone":
                    guard let delete = deleting.withLock({ $0.take() }) else { return nil }
                    delete()
                case "kept": deleting.withLock({ $0.take() })?()
                case "bad": throw Unreadable()
                default: return nil
                }
                let record = FunctionRecord(
                    name: name.description,
                    createdAt: .now(),
                    updatedAt: .now(),
                    revision: 1,
                    latestVersion: 1,
                    aliases: []
                )
                return StoredFunction(record, versions: [])
            },
            code: CodeSource { _ in nil }
        )
        defer { platform.stop() }
        deleting.withLock { $0 = { platform.withdraw("gone") } }
        defer { deleting.withLock { $0 = nil } }
        try body(platform)
    }

    private func awaken(_ platform: Platform, _ name: String) -> Awakening? {
        FunctionName(name).map { platform.awaken($0) }
    }

    @Test func `a dormant function is read from the store, once it is asked for`() throws {
        try withPlatform { platform in
            platform.publishDormant(["sound", "missing", "bad"])
            #expect(awaken(platform, "sound") == .awake)
            #expect(platform.table["sound"] != nil && platform.table.dormantCount == 2)
            #expect(platform.table.count == 3)
            #expect(awaken(platform, "missing") == .missing)
            #expect(awaken(platform, "bad") == .failed("Unreadable()"))
        }
    }

    @Test func `what is deleted while it is read stays away`() throws {
        try withPlatform { platform in
            platform.publishDormant(["gone"])
            #expect(awaken(platform, "gone") == .missing)
            #expect(platform.table["gone"] == nil && platform.table.count == 0)
        }
    }

    @Test func `what is read while another is deleted is there`() throws {
        try withPlatform { platform in
            platform.publishDormant(["gone", "kept"])
            #expect(awaken(platform, "kept") == .awake)
            #expect(platform.table["kept"] != nil && platform.table.count == 1)
        }
    }
}
