/// A table that people and screen readers can follow: a caption, column headings, and a heading in each row. On narrow
/// screens each row becomes a block of its own, with the column's heading in front of each value.
struct Table {
    struct Column {
        enum Kind: String {
            /// Short; stays on one line.
            case text
            /// Right-aligned, digits under digits.
            case number
            /// May be long; is broken wherever it must be.
            case free
            /// Takes the room that others leave.
            case wide
        }

        var title: String
        var kind: Kind

        static func text(_ title: String) -> Column { Column(title: title, kind: .text) }
        static func number(_ title: String) -> Column { Column(title: title, kind: .number) }
        static func free(_ title: String) -> Column { Column(title: title, kind: .free) }
        static func wide(_ title: String) -> Column { Column(title: title, kind: .wide) }
    }

    /// Read out before the table; not shown where a heading says the same.
    var caption: String
    /// The first one names the row.
    var columns: [Column]
    /// As many cells as columns in each.
    var rows: [[HTML]]
    /// Said instead of a table without rows.
    var emptyText: String

    var html: HTML {
        guard !rows.isEmpty else { return element("p", .class("empty")) { emptyText } }
        // The roles are those the elements have; they are lost to some readers when the style changes `display`.
        return element("table", .role("table")) {
            element("caption", .class("aside")) { caption }
            element("thead", .role("rowgroup")) { headings }
            element("tbody", .role("rowgroup")) { HTML.list(rows.map(row)) }
        }
    }

    private var headings: HTML {
        element("tr", .role("row")) {
            for column in columns {
                element("th", .scope("col"), .role("columnheader"), .class(column.kind.rawValue)) { column.title }
            }
        }
    }

    private func row(_ cells: [HTML]) -> HTML {
        precondition(cells.count == columns.count, "\(cells.count) cells for \(columns.count) columns")
        return element("tr", .role("row")) {
            for (index, column) in columns.enumerated() {
                let marks: [Attribute] = [.class(column.kind.rawValue), .column(column.title)]
                if index == 0 {
                    element("th", [.scope("row"), .role("rowheader")] + marks, cells[index])
                } else {
                    element("td", [.role("cell")] + marks, cells[index])
                }
            }
        }
    }
}
