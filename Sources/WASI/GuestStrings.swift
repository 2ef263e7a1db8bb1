/// A guest's arguments or environment, laid out as the guest will read it.
///
/// The bytes of all strings stand one after another, each ended by a NUL, so handing them over is
/// one copy. A value can be prepared once and copied for each request: the copy shares its storage
/// until something is appended.
public struct GuestStrings: Sendable {
    /// The strings, each with its NUL.
    private(set) var bytes: [UInt8] = []

    /// Where each string starts in ``bytes``.
    private(set) var offsets: [UInt32] = []

    /// Makes an empty list.
    public init() {}

    /// Makes a list of strings.
    public init(_ strings: some Sequence<String>) {
        for string in strings { append(string) }
    }

    /// How many strings there are.
    public var count: Int { offsets.count }

    /// How many bytes they take in the guest, NULs included.
    public var byteCount: Int { bytes.count }

    /// Appends a string.
    ///
    /// It ends at its first NUL, if it has one, as every C string does.
    public mutating func append(_ string: String) {
        start()
        extend(string.utf8)
        bytes.append(0)
    }

    /// Appends an environment variable as `name=value`.
    ///
    /// Each half ends at its first NUL, if it has one.
    public mutating func append(name: String, value: String) {
        start()
        extend(name.utf8)
        bytes.append(UInt8(ascii: "="))
        extend(value.utf8)
        bytes.append(0)
    }

    /// Appends an environment variable whose value is given as bytes.
    ///
    /// Each half ends at its first NUL, if it has one.
    public mutating func append(name: String, value: some Sequence<UInt8>) {
        start()
        extend(name.utf8)
        bytes.append(UInt8(ascii: "="))
        extend(value)
        bytes.append(0)
    }

    /// Removes everything and keeps the storage for the next use.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
    }

    private mutating func start() {
        // Cannot be cut in effect: more than 4 GiB of strings never fit into a guest's memory.
        offsets.append(UInt32(truncatingIfNeeded: bytes.count))
    }

    private mutating func extend(_ part: some Sequence<UInt8>) {
        let start = bytes.count
        bytes.append(contentsOf: part)
        if let end = bytes[start...].firstIndex(of: 0) { bytes.removeSubrange(end...) }
    }
}
