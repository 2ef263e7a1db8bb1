// The tables of directories and files in a program's header. DWARF 5 §6.2.4

extension LineProgram {
    /// Where strings are that a header refers to.
    struct StringSections: Sendable {
        var lines = 0..<0
        var general = 0..<0
    }

    /// The path of a file as the compiler gave it, with its directory unless that is the one the
    /// compiler ran in and the format does not say which that is.
    ///
    /// Names in it are cut as ``ReportedName`` says. Reads at most `byteCountMax` bytes, and takes
    /// what it reads from that.
    func path(
        of file: UInt64,
        _ bytes: [UInt8],
        _ strings: StringSections,
        byteCountMax: inout Int
    ) -> String? {
        // Each search goes through the tables from their start: they have any number of entries,
        // and a list of those would take many times the bytes.
        func search(_ find: (inout DebugReader) -> Entry?) -> Entry? {
            var reader = DebugReader(bytes, files.prefix(byteCountMax))
            defer { byteCountMax -= reader.position - files.lowerBound }
            return find(&reader)
        }
        guard let entry = search({ findFile(file, &$0, strings) }), let name = entry.path else {
            return nil
        }
        // The first directory is the one that the compiler ran in; others may be relative to it.
        var path = ""
        for number in entry.directory == 0 ? [0] : [0, entry.directory] {
            let directory = search { findDirectory(number, &$0, strings) }
            guard let name = directory?.path else { continue }
            path = Self.join(path, Self.text(name, bytes))
        }
        return Self.join(path, Self.text(name, bytes))
    }

    private static func join(_ path: String, _ component: String) -> String {
        component.hasPrefix("/") || path.isEmpty ? component : "\(path)/\(component)"
    }

    /// The text that a range begins with: up to a zero, or to the range's end.
    private static func text(_ range: Range<Int>, _ bytes: [UInt8]) -> String {
        // One byte more than is shown, so that a longer text is seen to be one.
        ReportedName.text(bytes[range.prefix(ReportedName.byteCountMax + 1)].prefix { $0 != 0 })
    }

    // MARK: - Tables

    private struct Entry {
        /// Where the path begins; the range may go on after it.
        var path: Range<Int>?
        var directory: UInt64 = 0
    }

    /// Reads the directories up to one of them.
    ///
    /// Before version 5 there is none of number 0.
    private func findDirectory(
        _ number: UInt64,
        _ reader: inout DebugReader,
        _ strings: StringSections
    ) -> Entry? {
        if version == 5 { return findEntry(number, &reader, strings) }
        guard number > 0 else { return nil }
        var index: UInt64 = 1
        while let path = reader.string(), !path.isEmpty {
            if index == number { return Entry(path: path) }
            index += 1
        }
        return nil
    }

    /// Reads all directories, and the files up to one of them.
    private func findFile(
        _ number: UInt64,
        _ reader: inout DebugReader,
        _ strings: StringSections
    ) -> Entry? {
        // No directory has this number.
        _ = findDirectory(.max, &reader, strings)
        if version == 5 { return findEntry(number, &reader, strings) }
        var index: UInt64 = 1
        while let path = reader.string(), !path.isEmpty,
            let directory = reader.unsignedLEB(),
            // The time of the last change, and the size.
            reader.unsignedLEB() != nil, reader.unsignedLEB() != nil
        {
            if index == number { return Entry(path: path, directory: directory) }
            index += 1
        }
        return nil
    }

    // MARK: - Version 5

    /// Reads a table: the format of its entries, their count, and the entries up to one of them.
    private func findEntry(
        _ number: UInt64,
        _ reader: inout DebugReader,
        _ strings: StringSections
    ) -> Entry? {
        guard let formatCount = reader.byte() else { return nil }
        var format: [(content: UInt64, form: UInt64)] = []
        for _ in 0..<formatCount {
            guard let content = reader.unsignedLEB(), let form = reader.unsignedLEB() else {
                return nil
            }
            format.append((content, form))
        }
        // Without a format there is nothing to read, however many entries there are said to be.
        guard let count = reader.unsignedLEB(), !format.isEmpty else { return nil }
        var index: UInt64 = 0
        while index < count {
            var entry = Entry()
            for (content, form) in format {
                guard let value = value(form, &reader, strings) else { return nil }
                switch (content, value) {
                case (1, .string(let range)): entry.path = range
                case (2, .number(let number)): entry.directory = number
                default: break
                }
            }
            if index == number { return entry }
            index += 1
        }
        return nil
    }

    private enum FormValue {
        /// Where a string begins; it ends before a zero or at the range's end.
        case string(Range<Int>)
        case number(UInt64)
        case other
    }

    /// Reads a value in one of the forms that a header may have: at least one byte. §7.5.6
    private func value(
        _ form: UInt64,
        _ reader: inout DebugReader,
        _ strings: StringSections
    ) -> FormValue? {
        switch form {
        case 0x08: reader.string().map(FormValue.string)
        case 0x1F: string(&reader, in: strings.lines)
        case 0x0E: string(&reader, in: strings.general)
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
    private func string(_ reader: inout DebugReader, in section: Range<Int>) -> FormValue? {
        guard let offset = reader.integer(4) else { return nil }
        guard offset < UInt64(section.count) else { return .other }
        return .string(section.lowerBound + Int(offset)..<section.upperBound)
    }
}
