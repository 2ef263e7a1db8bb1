import FuzzTargets
import Glibc

/// The target that the environment variable `ROOST_FUZZ_TARGET` names.
private let target: FuzzTarget = {
    guard let name = unsafe getenv("ROOST_FUZZ_TARGET").map({ unsafe String(cString: $0) }),
        let target = FuzzTarget(rawValue: name)
    else {
        fatalError("ROOST_FUZZ_TARGET has to be one of \(FuzzTarget.allCases)")
    }
    return target
}()

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    target.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
