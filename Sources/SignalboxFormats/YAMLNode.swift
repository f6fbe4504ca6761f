/// A piece of a YAML document, with the place where it begins.
public struct YAMLNode: Hashable, Sendable {
    public enum Value: Hashable, Sendable {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        /// In the order of the file; no key is there twice.
        case mapping([YAMLEntry])
    }

    public let value: Value
    public let place: YAMLPlace

    /// For error messages: "a list".
    var kind: String {
        switch value {
        case .scalar(let scalar): scalar.isNull ? "nothing" : "a text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A text; everything that YAML calls a number or a truth value is one too, until somebody asks.
public struct YAMLScalar: Hashable, Sendable {
    public let text: String
    /// Written without quotes and not as a block.
    public let isPlain: Bool

    /// Nothing written, or `~`, or `null`.
    var isNull: Bool { isPlain && ["", "~", "null"].contains(text) }
}

/// One line of a mapping.
public struct YAMLEntry: Hashable, Sendable {
    public let key: String
    public let place: YAMLPlace
    public let value: YAMLNode
}

/// Line and column, both from 1.
public struct YAMLPlace: Hashable, Sendable {
    public let line: Int
    public let column: Int
}
