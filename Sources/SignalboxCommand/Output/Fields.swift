/// One thing for people: a name and a value a line.
struct Fields {
    private let list: [(name: String, value: String)]

    init(_ list: [(String, String)]) { self.list = list }

    func write() {
        let width = list.map(\.name.count).max() ?? 0
        for (name, value) in list {
            Terminal.writeLine(name + String(repeating: " ", count: width - name.count + 2) + value)
        }
    }
}
