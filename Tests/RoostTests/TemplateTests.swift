import Daemon
import Foundation
import TestSupport
import Testing

@testable import roost

struct TemplateTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../functions/templates").standardizedFileURL

    @Test func `the program holds every file of the templates as it is`() throws {
        let enumerator = FileManager.default.enumerator(
            at: Self.folder,
            includingPropertiesForKeys: [.isRegularFileKey]
        )
        var present: [String: String] = [:]
        for case let url as URL in try #require(enumerator) {
            guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else {
                continue
            }
            let path = url.path(percentEncoded: false)
            let root = Self.folder.path(percentEncoded: false)
            present[String(path.dropFirst(root.count).drop { $0 == "/" })] = try String(
                contentsOf: url,
                encoding: .utf8
            )
        }
        let embedded = Dictionary(
            uniqueKeysWithValues: Template.embedded.map { ($0.path, $0.text) }
        )
        #expect(embedded == present)
    }

    @Test(arguments: Language.allCases)
    func `a project has its name, and is told to be in its language`(_ language: Language) throws {
        let folder = try ScratchFolder()
        for (path, text) in Template(language: language).files(named: "9to5") {
            #expect(!text.contains("{{"), "\(path)")
            let url = URL(filePath: folder.file(path))
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: url)
        }
        #expect(folder.text(of: "README.md")?.contains("/f/9to5") == true)
        #expect(folder.text(of: language.mainFile) != nil)
        let project = try Project(folder: folder.path, name: "9to5")
        #expect(project.recipe == .language(language))
        #expect(language == .rust || project.mainFile == language.mainFile)
    }

    @Test func `a project's settings are JSON, with the function's name`() throws {
        let files = Template(language: .c).files(named: "a")
        let text = try #require(files.first { $0.path == "roost.json" }).text
        let settings = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        #expect(settings["name"]?.text == "a")
        #expect(settings["limits"]?["timeoutMs"]?.text == "10000")
    }
}
