import Glibc

/// The terminal that a process is started at.
public enum Terminal {
    /// Reads a line from standard input that is not shown while it is typed.
    ///
    /// Nil when it was given up with ^C or ^D, or standard input is no terminal. Blocks. The corresponding C
    /// functions are `tcgetattr` and `tcsetattr`.
    public static func readHiddenLine() throws(SystemError) -> [UInt8]? {
        guard StandardStream.input.isTerminal else { return nil }
        let descriptor = StandardStream.input.rawValue
        var settings = termios()
        guard unsafe tcgetattr(descriptor, &settings) == 0 else {
            throw SystemError(call: "tcgetattr", code: errno)
        }
        // Byte by byte, ^C among them: the terminal must not be left silent.
        var hidden = settings
        hidden.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        guard unsafe tcsetattr(descriptor, TCSAFLUSH, &hidden) == 0 else {
            throw SystemError(call: "tcsetattr", code: errno)
        }
        defer { _ = unsafe tcsetattr(descriptor, TCSAFLUSH, &settings) }
        var line: [UInt8] = []
        while true {
            guard let byte = try StandardStream.input.read(upTo: 1).first else { return nil }
            switch byte {
            case 0x0a, 0x0d: return line
            case 0x03, 0x04: return nil
            case 0x08, 0x7f: removeCharacter(from: &line)
            default: line.append(byte)
            }
        }
    }

    /// Removes the last character, which may have several bytes of UTF-8.
    private static func removeCharacter(from line: inout [UInt8]) {
        while let byte = line.popLast(), byte & 0xc0 == 0x80 {}
    }
}
