import Testing

/// Whole connections as octets against what the RFCs demand, whatever pieces they come in.
struct RawRequestTests {
    /// Cases beyond this are not cut at every octet, which takes the square of their size.
    private static let cutBytesMax = 2048

    private static let small = RawRequestCase.all.filter { $0.bytes.count <= cutBytesMax }
    private static let large = RawRequestCase.all.filter { $0.bytes.count > cutBytesMax }

    /// What may stand in front of any other case: its connection goes on, and no empty lines of
    /// its own count towards the limit for those of the next request.
    private static let leading = small.filter { row in
        row.leavesConnectionOpen && !RawRequestCase.emptyLinesAtEnd.contains { $0.name == row.name }
    }

    /// Whether the pieces come to what is expected; an issue is recorded if not.
    @discardableResult
    private func check(
        _ pieces: [[UInt8]],
        _ expectation: RawRequestCase.Expectation,
        _ place: @autoclosure () -> String
    ) -> Bool {
        let outcome = RawRequestCase.outcome(of: pieces)
        guard outcome != expectation else { return true }
        Issue.record("\(place()): \(outcome), when it should be \(expectation)")
        return false
    }

    @Test(arguments: RawRequestCase.all)
    func `every connection comes to what its row says`(row: RawRequestCase) {
        check([row.bytes], row.expectation, "whole")
    }

    @Test(arguments: RawRequestTests.small)
    func `a connection cut in two anywhere comes to the same`(row: RawRequestCase) {
        for cut in 0...row.bytes.count {
            let pieces = [Array(row.bytes[..<cut]), Array(row.bytes[cut...])]
            guard check(pieces, row.expectation, "cut at \(cut)") else { return }
        }
    }

    @Test(arguments: RawRequestTests.small)
    func `a connection that comes octet by octet comes to the same`(row: RawRequestCase) {
        check(row.bytes.map { [$0] }, row.expectation, "octet by octet")
    }

    @Test(arguments: RawRequestTests.large, [1021, 4096, 16384])
    func `a large connection in pieces comes to the same`(row: RawRequestCase, size: Int) {
        let pieces = stride(from: 0, to: row.bytes.count, by: size).map { start in
            Array(row.bytes[start..<min(start + size, row.bytes.count)])
        }
        check(pieces, row.expectation, "pieces of \(size)")
    }

    @Test(arguments: RawRequestTests.leading.indices)
    func `a case behind requests that keep the connection comes to the same`(index: Int) {
        let first = Self.leading[index]
        guard case .accepted(let requests) = first.expectation else { return }
        // Another seventh of the cases stands behind each, so that every case has its turn.
        for position in stride(from: index % 7, to: RawRequestCase.all.count, by: 7) {
            let other = RawRequestCase.all[position]
            guard other.name != first.name else { continue }
            // Large ones behind one request each.
            guard other.bytes.count <= Self.cutBytesMax || index < 7 else { continue }
            let expectation: RawRequestCase.Expectation =
                switch other.expectation {
                case .accepted(let more): .accepted(requests + more)
                case .refused(let status, let more):
                    .refused(status: status, after: requests + more)
                }
            let pieces = [first.bytes + other.bytes]
            guard check(pieces, expectation, "in front of \(other.name)") else { return }
        }
    }

    @Test func `there are two hundred cases at least, each with a name of its own`() {
        let names = Set(RawRequestCase.all.map(\.name))
        #expect(names.count >= 200)
        #expect(names.count == RawRequestCase.all.count)
    }
}
