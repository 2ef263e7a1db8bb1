import Testing

@testable import Wasm

struct MangledNameTests {
    @Test(arguments: [
        ("_ZN4core9panicking5panic17h0123456789abcdefE", "core::panicking::panic"),
        (
            "_ZN58_$LT$wordcount..Words$u20$as$u20$core..ops..drop..Drop$GT$4drop17h00000000000000ffE",
            "<wordcount::Words as core::ops::drop::Drop>::drop"
        ),
        ("_ZN4main28_$u7b$$u7b$closure$u7d$$u7d$17hfedcba9876543210E", "main::{{closure}}"),
        ("_ZN3foo3Bar3bazEi", "foo::Bar::baz"),
        ("_ZNK3foo3Bar4sizeEv", "foo::Bar::size"),
        ("_ZN3foo3BarC2Ev", "foo::Bar::Bar"),
        ("_ZN3BarD0Ev", "Bar::~Bar"),
        ("_Z4pluszii", "plus"),
        // Without a hash the dollar signs are just that.
        ("_ZN3a$b1cE", "a$b::c"),
    ])
    func `a mangled name is read back`(mangled: String, readable: String) {
        #expect(MangledName.readable(Array(mangled.utf8)[...]) == readable)
    }

    @Test(arguments: [
        "", "_Z", "_ZN", "_ZNE", "_ZN3", "_ZN3ab", "_ZN0E", "_ZN99999999999999999999aE",
        "_ZN3fooIiE3barEv", "_ZNSt6vectorIiE4sizeEv", "_ZN3fooplEii", "_ZN3foo", "_RNvC4main3foo",
        "$s4main3fooyyF", "malloc", "zoo",
    ])
    func `what is not of a known form is left alone`(name: String) {
        #expect(MangledName.readable(Array(name.utf8)[...]) == nil)
    }

    @Test func `every beginning of a name is safe to read`() {
        let name = Array("_ZN63_$LT$a..b$u20$as$u7$GT$4drop$u17h00000000000000ffE".utf8)
        for count in 0...name.count { _ = MangledName.readable(name.prefix(count)) }
        #expect(MangledName.readable((name + Array(repeating: 0x61, count: 5_000))[...]) == nil)
    }
}
