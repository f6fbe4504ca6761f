// LMDB keeps a store in a map of a size set beforehand, and leaves it to its users to set a larger one in time. How
// large, and when, is decided here.

enum MapSize {
    /// A map this much larger is the next one at most: doubling a large map would ask for address space nobody needs.
    static let greatestStep = 1 << 30
    /// Growing by less is not worth it.
    static let smallestStep = 64 << 10

    /// The size to open a store with, whose map was last so large; nil: a new store.
    static func opening(initial: Int, persisted: Int?, maximum: Int) -> Int {
        min(max(initial, persisted ?? 0), maximum)
    }

    /// The next size: twice the present one, by steps of at most 1 GiB; nil: it has reached the maximum.
    static func next(after size: Int, maximum: Int) -> Int? {
        size < maximum ? min(size + min(size, greatestStep), maximum) : nil
    }

    /// Whether a write that begins now should find a larger map: a quarter of the present one, at most a step, is to
    /// be left, so that hardly a write ever meets the map's end.
    static func isShort(used: Int, of size: Int) -> Bool { size - used < min(size / 4, greatestStep) }

    /// The largest size from `wanted` down to `least` that fits; nil: not even that.
    static func affordable(_ wanted: Int, atLeast least: Int, fits: (Int) -> Bool) -> Int? {
        var size = wanted
        while size - least >= smallestStep {
            if fits(size) { return size }
            size = least + (size - least) / 2 / smallestStep * smallestStep
        }
        return fits(least) ? least : nil
    }
}
