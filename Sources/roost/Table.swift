/// Text in aligned columns.
struct Table {
    /// Which way a column's cells go.
    enum Alignment {
        case left
        case right
    }

    private let columns: [(title: String, alignment: Alignment)]
    private var rows: [[String]] = []

    init(_ columns: [(title: String, alignment: Alignment)]) {
        self.columns = columns
    }

    /// Adds a row; control characters in it are made harmless.
    mutating func add(_ cells: [String]) {
        rows.append(cells.map(printable))
    }

    /// The lines, the titles first, without trailing blanks.
    var lines: [String] {
        let all = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in
            all.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() where column < widths.count {
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                if column > 0 { line += "  " }
                line += columns[column].alignment == .left ? cell + blanks : blanks + cell
            }
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// Prints the lines, the titles dimmed on a terminal.
    func print() {
        for (index, line) in lines.enumerated() {
            Swift.print(index == 0 ? Terminal.output.styled(line, .dim) : line)
        }
    }
}
