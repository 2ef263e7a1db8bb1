import Linux
import Synchronization
import Testing

@testable import Platform

struct FIFOTests {
    @Test func `elements come out in the order in which they went in`() {
        var queue = FIFO<Int>()
        var expected = 0
        for element in 0..<1_000 {
            queue.append(element)
            if element % 3 == 0 {
                #expect(queue.popFirst() == expected)
                expected += 1
            }
        }
        while let element = queue.popFirst() {
            #expect(element == expected)
            expected += 1
        }
        #expect(expected == 1_000)
        #expect(queue.isEmpty)
    }

    @Test func `an element can be taken out of the middle`() {
        var queue = FIFO<Int>()
        for element in 0..<5 { queue.append(element) }
        _ = queue.popFirst()
        #expect(queue.removeFirst { $0 == 2 })
        #expect(!queue.removeFirst { $0 == 0 })
        #expect([queue.popFirst(), queue.popFirst(), queue.popFirst()] == [1, 3, 4])
    }
}

struct RunQueueTests {
    @Test func `those that have run little come first, and none is forgotten`() {
        var queue = RunQueue<Int>()
        for task in 0..<100 { queue.append(task, slices: 0) }
        for task in 100..<200 { queue.append(task, slices: 10) }
        for task in 200..<300 { queue.append(task, slices: 1_000) }
        let order = (0..<80).compactMap { _ in queue.popFirst() }
        #expect(order.count { $0 < 100 } == 60)
        #expect(order.count { (100..<200).contains($0) } == 10)
        #expect(order.count { $0 >= 200 } == 10)
        #expect(queue.count == 220)
        // Within a level, in turn.
        #expect(order.filter { $0 < 100 } == Array(0..<60))
        // A level that is empty leaves its turns to the others.
        var rest = 0
        while queue.popFirst() != nil { rest += 1 }
        #expect(rest == 220)
        #expect(queue.isEmpty)
    }

    @Test func `a level begins where the one before ends`() {
        for (slices, comesFirst) in [(0, true), (3, true), (4, false), (31, false), (32, false)] {
            var queue = RunQueue<String>()
            queue.append("other", slices: slices)
            queue.append("new", slices: 0)
            #expect((queue.popFirst() == "other") == comesFirst)
        }
    }
}

struct TimerQueueTests {
    @Test func `entries become due in order, equal moments in the order of insertion`() {
        var queue = TimerQueue<Int, Int>()
        let moments: [UInt64] = [50, 10, 40, 10, 30, 20, 10]
        for (key, moment) in moments.enumerated() { queue.insert(key, key: key, at: moment) }
        #expect(queue.earliest() == 10)
        #expect(queue.popDue(at: 9) == nil)
        var order: [Int] = []
        while let key = queue.popDue(at: 100) { order.append(key) }
        #expect(order == [1, 3, 6, 5, 4, 2, 0])
    }

    @Test func `a withdrawn entry never becomes due, and leaves no heap behind`() {
        var queue = TimerQueue<Int, Int>()
        for key in 0..<10_000 {
            queue.insert(key, key: key, at: UInt64(key))
            if key % 100 != 0 { #expect(queue.remove(key) == key) }
        }
        #expect(queue.count == 100)
        var order: [Int] = []
        while let key = queue.popDue(at: .max) { order.append(key) }
        #expect(order == Array(stride(from: 0, to: 10_000, by: 100)))
    }

    @Test func `a second insertion of a key replaces the first`() {
        var queue = TimerQueue<Int, String>()
        queue.insert("early", key: 1, at: 10)
        queue.insert("late", key: 1, at: 20)
        #expect(queue.popDue(at: 15) == nil)
        #expect(queue.popDue(at: 25) == "late")
        #expect(queue.earliest() == nil)
    }
}

private final class Token: Sendable {}

struct FunctionGateTests {
    @Test func `so many enter, so many wait, and the rest is refused`() {
        let gate = FunctionGate<Token>()
        let waiters = [Token(), Token()]
        #expect(gate.enter(Token(), concurrency: 2, queue: 2) == .enter)
        #expect(gate.enter(Token(), concurrency: 2, queue: 2) == .enter)
        #expect(gate.enter(waiters[0], concurrency: 2, queue: 2) == .wait)
        #expect(gate.enter(waiters[1], concurrency: 2, queue: 2) == .wait)
        #expect(gate.enter(Token(), concurrency: 2, queue: 2) == .refuse)
        #expect(gate.leave(concurrency: 2) === waiters[0])
        #expect(gate.withdraw(waiters[1]))
        #expect(!gate.withdraw(waiters[0]))
        #expect(gate.leave(concurrency: 2) == nil)
        #expect(gate.leave(concurrency: 2) == nil)
        #expect(gate.counts == (0, 0))
    }

    @Test func `a function without a queue refuses at once`() {
        let gate = FunctionGate<Token>()
        #expect(gate.enter(Token(), concurrency: 1, queue: 0) == .enter)
        #expect(gate.enter(Token(), concurrency: 1, queue: 0) == .refuse)
    }
}

/// A task that takes its steps from a script, and tells when it is done.
private final class ScriptedTask: Resumable {
    private let script: Mutex<[Suspension]>
    private let done = Monitor(false)
    private let mark = Atomic(false)
    let runCount = Atomic(0)

    var sliceCount: Int { runCount.load(ordering: .relaxed) }

    init(_ script: [Suspension]) { self.script = Mutex(script) }

    var isWakePending: Bool { mark.load(ordering: .acquiring) }

    func markForWaking() { mark.store(true, ordering: .releasing) }

    func resume() -> Suspension {
        mark.store(false, ordering: .releasing)
        runCount.add(1, ordering: .relaxed)
        let next = script.withLock { $0.isEmpty ? .done : $0.removeFirst() }
        if next == .done {
            done.withLock { $0 = true }
            done.broadcast()
        }
        return next
    }

    func waitUntilDone() -> Bool {
        let deadline = Monotonic.now() &+ 10_000_000_000
        return done.wait { isDone in
            if isDone { return .found(true) }
            return Monotonic.now() >= deadline ? .found(false) : .nothingUntil(deadline)
        }
    }
}

struct SchedulerTests {
    @Test func `a task runs slice by slice until it is done`() throws {
        let scheduler = try Scheduler(workerCount: 2)
        defer { scheduler.stop() }
        let tasks = (0..<50).map { _ in ScriptedTask([.ready, .ready, .ready]) }
        for task in tasks { scheduler.enqueue(task) }
        for task in tasks {
            #expect(task.waitUntilDone())
            #expect(task.runCount.load(ordering: .relaxed) == 4)
        }
    }

    @Test func `a sleeping task goes on at its moment`() throws {
        let scheduler = try Scheduler(workerCount: 1)
        defer { scheduler.stop() }
        let moment = Monotonic.now() &+ 20_000_000
        let task = ScriptedTask([.until(moment)])
        scheduler.enqueue(task)
        #expect(task.waitUntilDone())
        #expect(Monotonic.now() >= moment)
    }

    @Test func `a sleeping task can be woken before its moment`() throws {
        let scheduler = try Scheduler(workerCount: 1)
        defer { scheduler.stop() }
        let task = ScriptedTask([])
        scheduler.sleep(task, until: .max)
        #expect(scheduler.wake(task))
        #expect(!scheduler.wake(task))
        #expect(task.waitUntilDone())
    }

    @Test func `a task that was marked before it slept does not sleep`() throws {
        let scheduler = try Scheduler(workerCount: 1)
        defer { scheduler.stop() }
        let task = ScriptedTask([])
        task.markForWaking()
        scheduler.sleep(task, until: .max)
        #expect(task.waitUntilDone())
    }

    @Test func `hammer: tasks that sleep and are woken at once all end`() throws {
        let scheduler = try Scheduler(workerCount: 4)
        defer { scheduler.stop() }
        let tasks = (0..<500).map { _ in
            ScriptedTask([.until(.max), .ready, .until(.max), .ready])
        }
        for task in tasks { scheduler.enqueue(task) }
        let group = ThreadGroup()
        try group.spawn(name: "waker") {
            for _ in 0..<2 {
                for task in tasks {
                    task.markForWaking()
                    scheduler.wake(task)
                }
            }
        }
        group.joinAll()
        // Marks that came while a task ran its last slice before sleeping may have been consumed.
        for task in tasks {
            while task.runCount.load(ordering: .relaxed) < 5 {
                task.markForWaking()
                scheduler.wake(task)
            }
            #expect(task.waitUntilDone())
        }
    }
}
