import Linux
import Synchronization
import Testing

struct MailboxTests {
    private func take(_ mailbox: Mailbox<Int>) -> [Int] {
        var taken: [Int] = []
        let isTaken = mailbox.take(into: &taken)
        #expect(isTaken == !taken.isEmpty)
        return taken
    }

    @Test func `a full mailbox refuses and takes again when it was emptied`() {
        let mailbox = Mailbox<Int>(capacity: 2)
        #expect(mailbox.isEmpty)
        #expect(mailbox.send(1))
        #expect(mailbox.send(2))
        #expect(!mailbox.send(3))
        #expect(take(mailbox) == [1, 2])
        #expect(mailbox.send(4))
        #expect(take(mailbox) == [4])
        #expect(take(mailbox).isEmpty)
    }

    @Test func `hammer: a sleeper misses no message of four senders`() throws {
        let mailbox = Mailbox<Int>(capacity: .max)
        let wakeUp = try WakeUp()
        let (senderCount, perSender) = (4, 2000)
        var poller = try Poller(eventsPerWaitMax: 4)
        try poller.add(wakeUp.event.descriptor, for: [.readable, .edgeTriggered], token: 7)
        let threads = try (0..<senderCount).map { index in
            try Joinable {
                for number in 0..<perSender {
                    _ = mailbox.send(index * perSender + number)
                    wakeUp.wake()
                }
            }
        }
        var received: [Int] = []
        var taken: [Int] = []
        while received.count < senderCount * perSender {
            wakeUp.willSleep()
            if mailbox.isEmpty {
                let count = try poller.wait(timeoutMilliseconds: 10_000)
                guard count > 0 || !mailbox.isEmpty else {
                    Issue.record("slept past a message")
                    break
                }
            }
            wakeUp.didWake()
            if mailbox.take(into: &taken) {
                received += taken
                taken.removeAll(keepingCapacity: true)
            }
        }
        for thread in threads { thread.join() }
        #expect(received.sorted() == Array(0..<(senderCount * perSender)))
        for index in 0..<senderCount {
            let own = received.filter { $0 / perSender == index }
            #expect(own == own.sorted(), "each sender's messages stay in order")
        }
    }
}

/// A thread in an array.
private final class Joinable: Sendable {
    private let thread: Mutex<Thread?>

    init(_ body: @escaping @Sendable () -> Void) throws {
        thread = Mutex(try Thread.spawn(name: "hammer", body))
    }

    func join() {
        thread.withLock { $0.take()?.join() }
    }
}
