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
    /// How the rows are laid out on narrow screens, and what each is marked with besides.
    var layout = Layout.lines
    var marks: [[Attribute]] = []

    enum Layout: String {
        /// A line for each value, with its column's heading.
        case lines
        /// The values beside each other, in two lines or three: the style sheet names the places.
        case jobs, dispatches
    }

    var html: HTML {
        guard !rows.isEmpty else { return element("p", .class("empty")) { emptyText } }
        // The roles are those the elements have; they are lost to some readers when the style changes `display`.
        return element("table", .role("table"), .class(layout.rawValue)) {
            element("caption", .class("aside")) { caption }
            element("thead", .role("rowgroup")) { headings }
            element("tbody", .role("rowgroup")) {
                HTML.list(rows.enumerated().map { row($1, marks.isEmpty ? [] : marks[$0]) })
            }
        }
    }

    private var headings: HTML {
        element("tr", .role("row")) {
            for column in columns {
                element("th", .scope("col"), .role("columnheader"), .class(column.kind.rawValue)) { column.title }
            }
        }
    }

    private func row(_ cells: [HTML], _ marks: [Attribute]) -> HTML {
        precondition(cells.count == columns.count, "\(cells.count) cells for \(columns.count) columns")
        let content = columns.enumerated().map { index, column in
            let marks: [Attribute] = [.class(column.kind.rawValue), .column(column.title)]
            return index == 0
                ? element("th", [.scope("row"), .role("rowheader")] + marks, cells[index])
                : element("td", [.role("cell")] + marks, cells[index])
        }
        return element("tr", [.role("row")] + marks, .list(content))
    }
}
