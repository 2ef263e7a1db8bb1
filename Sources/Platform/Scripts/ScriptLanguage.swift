/// A language that scripts are written in and that the platform has an adapter for.
///
/// The adapter is a text in that language, run by the interpreter before any script: it speaks the protocol of
/// docs/RUNTIMES.md and gives scripts the interface that people know.
public enum ScriptLanguage: String, CaseIterable, Sendable {
    /// `export default { fetch(request) { … } }`, on QuickJS.
    case javascript
    /// A WSGI application `app`, on CPython or MicroPython.
    case python

    /// The media types of scripts.
    public var mediaTypes: [String] {
        switch self {
        case .javascript: ["text/javascript", "application/javascript", "application/x-javascript"]
        case .python: ["text/x-python", "application/x-python", "text/x-script.python"]
        }
    }

    /// How names of scripts end, the usual ending first.
    public var fileExtensions: [String] {
        switch self {
        case .javascript: ["js", "mjs"]
        case .python: ["py"]
        }
    }

    /// The language of a media type.
    public init?(mediaType: String) {
        let language = Self.allCases.first { $0.mediaTypes.contains(mediaType) }
        guard let language else { return nil }
        self = language
    }

    /// The language of a file's name, such as `main.js`.
    public init?(fileName: String) {
        let language = Self.allCases.first { language in
            language.fileExtensions.contains { fileName.hasSuffix("." + $0) }
        }
        guard let language else { return nil }
        self = language
    }

    /// The language that a runtime is called by, such as `python` or `cpython`.
    public init?(runtimeName name: String) {
        if ["js", "qjs"].contains(name) || name.contains("javascript") || name.contains("quickjs") {
            self = .javascript
        } else if name.contains("python") {
            self = .python
        } else {
            return nil
        }
    }

    private var adapter: String {
        switch self {
        case .javascript: String(decoding: PackageResources.adapter_js, as: UTF8.self)
        case .python: String(decoding: PackageResources.adapter_py, as: UTF8.self)
        }
    }

    /// The arguments that have an interpreter run the adapter; the first is the program's name.
    func arguments(for interpreter: Interpreter) -> [String] {
        switch (self, interpreter) {
        case (.javascript, .reactor):
            // It runs no event loop of its own, but waits for a module to be evaluated.
            ["qjs", "--std", "-m", "-e", "await " + adapter]
        case (.javascript, .command):
            ["qjs", "--std", "-e", adapter]
        case (.python, _):
            // MicroPython takes a larger heap: its collector cannot be used here. CPython takes the option and
            // does not know it.
            ["python", "-X", "heapsize=64M", "-c", adapter]
        }
    }
}

/// How an interpreter's module is started.
enum Interpreter {
    /// By its `_start`, with arguments from WASI.
    case command
    /// As the reactor build of QuickJS: by `qjs_init_argv`, with arguments in memory that its `malloc` gives.
    case reactor

    /// The entry of the reactor build of QuickJS.
    static let reactorEntry = "qjs_init_argv"
}
