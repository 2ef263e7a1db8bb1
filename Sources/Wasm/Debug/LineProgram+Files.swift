// The tables of directories and files in a program's header. DWARF 5 §6.2.4

extension LineProgram {
    /// Where strings are that a header refers to.
    struct StringSections: Sendable {
        var lines = 0..<0
        var general = 0..<0
    }

    /// The path of a file as the compiler gave it, with its directory unless that is the one the
    /// compiler ran in and the format does not say which that is.
    func path(of file: UInt64, _ bytes: [UInt8], _ strings: StringSections) -> String? {
        var reader = DebugReader(bytes, files)
        return version == 5
            ? path(of: file, &reader, bytes, strings) : olderPath(of: file, &reader, bytes)
    }

    private static func text(_ range: Range<Int>, _ bytes: [UInt8]) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    private static func joined(_ components: [String]) -> String {
        components.reduce("") { path, component in
            component.hasPrefix("/") || path.isEmpty ? component : "\(path)/\(component)"
        }
    }

    // MARK: - Versions 2 to 4

    private func olderPath(
        of file: UInt64,
        _ reader: inout DebugReader,
        _ bytes: [UInt8]
    ) -> String? {
        var directories: [Range<Int>] = []
        while let directory = reader.string(), !directory.isEmpty { directories.append(directory) }
        var index: UInt64 = 1
        while let name = reader.string(), !name.isEmpty {
            guard let directory = reader.unsignedLEB(), reader.unsignedLEB() != nil,
                reader.unsignedLEB() != nil
            else { return nil }
            if index == file {
                let place = Int(clamping: directory)
                let isKnown = place > 0 && place <= directories.count
                let folder = isKnown ? Self.text(directories[place - 1], bytes) : ""
                return Self.joined([folder, Self.text(name, bytes)])
            }
            index += 1
        }
        return nil
    }

    // MARK: - Version 5

    private struct Entry {
        var path: Range<Int>?
        var directory: UInt64 = 0
    }

    private func path(
        of file: UInt64,
        _ reader: inout DebugReader,
        _ bytes: [UInt8],
        _ strings: StringSections
    ) -> String? {
        var directories: [Entry] = []
        _ = entries(&reader, bytes, strings) { _, entry in
            directories.append(entry)
            return true
        }
        var found: Entry?
        _ = entries(&reader, bytes, strings) { index, entry in
            if index == file { found = entry }
            return found == nil
        }
        guard let found, let name = found.path else { return nil }
        // The first directory is the one that the compiler ran in; others may be relative to it.
        var components = [Self.text(name, bytes)]
        for place in [Int(clamping: found.directory), 0] where place < directories.count {
            guard let path = directories[place].path else { break }
            components.insert(Self.text(path, bytes), at: 0)
            if place == 0 { break }
        }
        return Self.joined(components)
    }

    /// Reads a table: the format of its entries, their count, and the entries until `take` answers
    /// false.
    private func entries(
        _ reader: inout DebugReader,
        _ bytes: [UInt8],
        _ strings: StringSections,
        _ take: (UInt64, Entry) -> Bool
    ) -> Bool {
        guard let formatCount = reader.byte() else { return false }
        var format: [(content: UInt64, form: UInt64)] = []
        for _ in 0..<formatCount {
            guard let content = reader.unsignedLEB(), let form = reader.unsignedLEB() else {
                return false
            }
            format.append((content, form))
        }
        // Without a format there is nothing to read, however many entries there are said to be.
        guard let count = reader.unsignedLEB(), !format.isEmpty else { return false }
        var index: UInt64 = 0
        while index < count {
            var entry = Entry()
            for (content, form) in format {
                guard let value = value(form, &reader, bytes, strings) else { return false }
                switch (content, value) {
                case (1, .string(let range)): entry.path = range
                case (2, .number(let number)): entry.directory = number
                default: break
                }
            }
            guard take(index, entry) else { return true }
            index += 1
        }
        return true
    }

    private enum FormValue {
        case string(Range<Int>)
        case number(UInt64)
        case other
    }

    /// Reads a value in one of the forms that a header may have. §7.5.6
    private func value(
        _ form: UInt64,
        _ reader: inout DebugReader,
        _ bytes: [UInt8],
        _ strings: StringSections
    ) -> FormValue? {
        switch form {
        case 0x08: reader.string().map(FormValue.string)
        case 0x1F: string(&reader, in: strings.lines, bytes)
        case 0x0E: string(&reader, in: strings.general, bytes)
        case 0x0B: reader.integer(1).map(FormValue.number)
        case 0x05: reader.integer(2).map(FormValue.number)
        case 0x06: reader.integer(4).map(FormValue.number)
        case 0x07: reader.integer(8).map(FormValue.number)
        case 0x0F: reader.unsignedLEB().map(FormValue.number)
        case 0x1E: reader.skip(16) ? .other : nil
        case 0x09: reader.unsignedLEB().flatMap { reader.skip($0) ? .other : nil }
        default: nil
        }
    }

    /// A string that lies in another section, by its offset.
    private func string(
        _ reader: inout DebugReader,
        in section: Range<Int>,
        _ bytes: [UInt8]
    ) -> FormValue? {
        guard let offset = reader.integer(4) else { return nil }
        guard offset < UInt64(section.count) else { return .other }
        var strings = DebugReader(bytes, section.lowerBound + Int(offset)..<section.upperBound)
        return strings.string().map(FormValue.string)
    }
}
