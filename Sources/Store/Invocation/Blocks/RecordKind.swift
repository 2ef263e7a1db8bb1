/// What few records differ in: stored once in `log.db`, under a number that stands for it in blocks.
///
/// Most filters choose among kinds, so that a block's list of the kinds in it says whether any of
/// its records can pass.
struct RecordKind: Hashable {
    var function: String
    var version: Int
    var alias: String?
    var trigger: InvocationTrigger
    var method: String
    var status: Int
    var outcome: InvocationOutcome
    var start: InvocationStart?

    init(
        function: String,
        version: Int,
        alias: String?,
        trigger: InvocationTrigger,
        method: String,
        status: Int,
        outcome: InvocationOutcome,
        start: InvocationStart?
    ) {
        self.function = function
        self.version = version
        self.alias = alias
        self.trigger = trigger
        self.method = method
        self.status = status
        self.outcome = outcome
        self.start = start
    }

    init(_ record: borrowing InvocationRecord) {
        self.init(
            function: record.function,
            version: record.version,
            alias: record.alias,
            trigger: record.trigger,
            method: record.method,
            status: record.status,
            outcome: record.outcome,
            start: record.start
        )
    }

    /// No record is of this kind: functions have names.
    static let none = RecordKind(
        function: "",
        version: 0,
        alias: nil,
        trigger: .http,
        method: "",
        status: 0,
        outcome: .ok,
        start: nil
    )

    func isKind(of record: borrowing InvocationRecord) -> Bool {
        version == record.version && status == record.status && outcome == record.outcome
            && start == record.start && trigger == record.trigger && function == record.function
            && alias == record.alias && method == record.method
    }

    // The rest differs too little to be worth hashing.
    func hash(into hasher: inout Hasher) {
        hasher.combine(function)
        hasher.combine(version)
        hasher.combine(status)
    }
}

/// The numbers of all kinds, as the writer knows them.
struct KindNumbers {
    private var numbers: [RecordKind: Int64] = [:]
    // Numbers below `nextNumber` that are not taken.
    private var free: [Int64] = []
    private var nextNumber: Int64 = 1
    // Those that were looked up, at places that a record gives away cheaply.
    private var recentKinds = Array(repeating: RecordKind.none, count: recentCount)
    private var recentNumbers: [Int64] = Array(repeating: 0, count: recentCount)
    private static let recentCount = 256
    /// Those that are not in the database yet.
    private(set) var added: [(number: Int64, kind: RecordKind)] = []

    /// What is in the database, by number.
    init(_ stored: [(number: Int64, kind: RecordKind)] = []) {
        for (number, kind) in stored {
            free += nextNumber..<max(nextNumber, number)
            numbers[kind] = number
            nextNumber = max(nextNumber, number + 1)
        }
    }

    var count: Int { numbers.count }

    mutating func number(of record: borrowing InvocationRecord) -> Int64 {
        let place = Self.place(of: record)
        // Looked at where it is: a copy would retain and release each of its texts.
        if recentKinds.span[place].isKind(of: record) { return recentNumbers[place] }
        let kind = RecordKind(record)
        let number = numbers[kind] ?? add(kind)
        (recentKinds[place], recentNumbers[place]) = (kind, number)
        return number
    }

    private static func place(of record: borrowing InvocationRecord) -> Int {
        var hash = record.version &* 31 &+ record.status
        let name = record.function.utf8.span
        for index in max(0, name.count - 4)..<name.count { hash = hash &* 31 &+ Int(name[index]) }
        return (hash & .max) % recentCount
    }

    private mutating func add(_ kind: RecordKind) -> Int64 {
        let number = free.popLast() ?? nextNumber
        nextNumber = max(nextNumber, number + 1)
        numbers[kind] = number
        added.append((number, kind))
        return number
    }

    /// The new ones are in the database.
    mutating func committed() { added.removeAll(keepingCapacity: true) }
}
