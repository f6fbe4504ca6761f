/// A name and what it stands for, in a list of such; left out of the list when there is nothing to say.
struct Fact {
    var name: String
    var value: HTML?

    init(_ name: String, _ value: HTML?) {
        self.name = name
        self.value = value
    }
}

func facts(_ facts: [Fact]) -> HTML {
    element("dl", .class("facts")) {
        for fact in facts {
            if let value = fact.value {
                element("div") {
                    element("dt") { fact.name }
                    element("dd") { value }
                }
            }
        }
    }
}
