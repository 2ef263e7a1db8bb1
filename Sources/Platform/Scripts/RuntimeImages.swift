import Linux
import Store

/// The images of runtimes that are in memory.
///
/// Scripts keep the image of their runtime; those used last are kept beyond that, so that the next script finds it.
/// Any thread that may block.
final class RuntimeImages: Sendable {
    private struct State {
        var images: [ModuleDigest: WeakImage] = [:]
        /// Those used last, the latest at the end.
        var recent: [RuntimeImage] = []
        /// Those that some thread makes now.
        var building: Set<ModuleDigest> = []
    }

    private struct WeakImage {
        weak var image: RuntimeImage?
    }

    /// How many images are kept that no script uses.
    private static let recentCountMax = 2

    private let monitor = Monitor(State())
    private let source: CodeSource
    private let account: MemoryAccount

    init(source: CodeSource, account: MemoryAccount) {
        self.source = source
        self.account = account
    }

    /// The image of a build, made if it is not in memory.
    ///
    /// Blocks for as long as that takes, or until another thread has made it.
    func image(of build: RuntimeBuild) throws(VersionError) -> RuntimeImage {
        if let found = find(build.digest) { return found }
        defer {
            monitor.withLock { _ = $0.building.remove(build.digest) }
            monitor.broadcast()
        }
        let image = try RuntimeImage(
            build,
            module: try source.moduleBytes(build.module),
            files: try source.storedFiles(build.files),
            account: account
        )
        keep(image, build.digest)
        return image
    }

    /// Enters an image that was made of a build before that was stored.
    func keep(_ image: RuntimeImage, _ digest: ModuleDigest) {
        let dropped = monitor.withLock { state in
            state.images[digest] = WeakImage(image: image)
            return Self.use(image, &state)
        }
        // What goes, goes outside the lock.
        _ = dropped
    }

    /// Lets go of images that no script uses: memory is short.
    func relieve() {
        let dropped = monitor.withLock { state in
            defer { state.recent = [] }
            return state.recent
        }
        _ = dropped
    }

    /// An image that is there; nil when the caller has to make it.
    private func find(_ digest: ModuleDigest) -> RuntimeImage? {
        monitor.wait { state in
            if let image = state.images[digest]?.image {
                _ = Self.use(image, &state)
                return .found(image)
            }
            guard state.building.insert(digest).inserted else { return .nothing }
            return .found(nil)
        }
    }

    private static func use(_ image: RuntimeImage, _ state: inout State) -> RuntimeImage? {
        state.recent.removeAll { $0 === image }
        state.recent.append(image)
        state.images = state.images.filter { $0.value.image != nil }
        return state.recent.count > recentCountMax ? state.recent.removeFirst() : nil
    }
}
