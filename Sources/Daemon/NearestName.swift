/// Finds what somebody probably meant.
enum NearestName {
    /// The known name that takes the fewest letters to change, without regard to case.
    ///
    /// Nil when nothing is known.
    static func of(_ name: String, among known: [String]) -> String? {
        // Nobody means a name that is this much longer.
        let letters = Array(name.lowercased().utf8.prefix(64))
        return known.min { one, other in
            let (left, right) = (distance(letters, one), distance(letters, other))
            return left == right ? one < other : left < right
        }
    }

    /// Levenshtein's: how many letters are inserted, removed or replaced; little for the beginning of a name.
    private static func distance(_ letters: [UInt8], _ name: String) -> Int {
        let other = Array(name.lowercased().utf8)
        // Who writes a name out, or cuts it short, means that name.
        if min(letters.count, other.count) >= 3,
            letters.starts(with: other) || other.starts(with: letters)
        {
            return 1
        }
        var row = Array(0...other.count)
        for (index, letter) in letters.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in other.indices {
                let replaced = diagonal + (letter == other[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[other.count]
    }
}
