import OrderedStore
import SignalboxStore
import Testing

@Suite struct `Rebuilding` {
    @Test func `every bucket is either one of the sources, or made from them`() {
        let both = Buckets.sources + Buckets.derived
        #expect(both.sorted { $0.index < $1.index } == Buckets.all)
        #expect(Buckets.sources.map(\.index) == Buckets.sources.map(\.index).sorted())
        #expect(Buckets.derived.map(\.index) == Buckets.derived.map(\.index).sorted())
    }
}
