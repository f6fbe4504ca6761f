/// Columns for people: as wide as their widest cell, the last one ragged, everything escaped by who writes the line.
struct Table {
    private var rows: [[String]]

    init(_ headings: [String]) { rows = [headings] }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    func write() {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: max(0, width - cell.count))
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            Terminal.writeLine(line)
        }
    }
}
