public import Linux

/// Where what a guest writes to one of its streams goes.
public enum OutputSink: Sendable {
    /// Into ``WASIContext/output``, up to its limit; more stops the guest with a trap.
    case buffer
    /// Into ``WASIContext/log``, as lines of that stream; what exceeds its limits is dropped.
    case log
    /// To a descriptor of this process; a write blocks as that descriptor does.
    case passThrough(StandardStream)
    /// Nowhere.
    case discard

    var isPassThrough: Bool {
        if case .passThrough = self { true } else { false }
    }
}
