import Testing

@testable import HTTPServer

struct OutputQueueTests {
    @Test func `a buffer goes to the next queue, empty`() {
        var spares: [[UInt8]] = []
        var first = OutputQueue()
        first.takeBuffer(from: &spares)
        let capacity = first.tail.capacity
        #expect(capacity > 0)
        first.giveBuffer(to: &spares)
        #expect(spares.count == 1)
        #expect(first.tail.capacity == 0)
        var second = OutputQueue()
        second.takeBuffer(from: &spares)
        #expect(spares.isEmpty)
        #expect(second.isEmpty)
        #expect(second.tail.capacity == capacity)
    }

    @Test func `what waits to be written keeps its buffer`() {
        var spares: [[UInt8]] = []
        var queue = OutputQueue()
        queue.takeBuffer(from: &spares)
        queue.append([1, 2, 3])
        queue.giveBuffer(to: &spares)
        #expect(spares.isEmpty)
        #expect(queue.tail == [1, 2, 3])
        // Nor does it take another.
        spares = [[]]
        queue.takeBuffer(from: &spares)
        #expect(queue.tail == [1, 2, 3])
        #expect(spares.count == 1)
    }

    @Test func `a buffer that has grown large is not kept`() {
        var spares: [[UInt8]] = []
        var queue = OutputQueue()
        queue.tail.reserveCapacity(100_000)
        queue.giveBuffer(to: &spares)
        #expect(spares.isEmpty)
        #expect(queue.tail.capacity == 0)
    }
}
