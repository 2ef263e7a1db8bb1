/// The text of an IPv6 address (RFC 3986 §3.2.2, `IPv6address`).
enum IPv6Literal {
    /// Whether octets are one: eight groups of one to four hexadecimal digits, the last two perhaps as an IPv4
    /// address, and once `::` in place of one or more groups.
    static func isValid(_ text: ArraySlice<UInt8>) -> Bool {
        let groups = text.split(separator: Octet.colon, omittingEmptySubsequences: false)
        var count = 0
        var gapCount = 0
        for (index, group) in groups.enumerated() {
            let isLast = index == groups.count - 1
            if group.isEmpty {
                // An empty group at an end is half of `::`, which has another empty one beside it.
                let isEdge = index == 0 || isLast
                guard isEdge else {
                    gapCount += 1
                    continue
                }
                let neighbour = index == 0 ? groups.indices.contains(1) ? 1 : 0 : index - 1
                guard groups.count > 2, groups[neighbour].isEmpty else { return false }
            } else if isLast, group.contains(UInt8(ascii: ".")) {
                guard isIPv4(group) else { return false }
                count += 2
            } else {
                guard group.count <= 4, group.allSatisfy({ Octet.is($0, Octet.hexDigit) }) else {
                    return false
                }
                count += 1
            }
        }
        // `::` alone has three empty groups, of which the middle one counts.
        return gapCount == 0 ? count == 8 : gapCount == 1 && count < 8
    }

    /// Four numbers up to 255 without leading zeros.
    private static func isIPv4(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy { $0 &- 0x30 < 10 }
                    && (part.count == 1 || part.first != 0x30)
                    && part.reduce(0) { $0 * 10 + Int($1 &- 0x30) } <= 255
            }
    }
}
