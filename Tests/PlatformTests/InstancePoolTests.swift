import Linux
import Store
import Synchronization
import Testing
import Wasm
import WasmText

@testable import Platform

/// Guests for the tests of pools.
enum PoolGuest {
    /// A module that finds out whether its instances are pristine.
    ///
    /// `check` traps unless everything is as it was at the start; `mess` changes everything that an
    /// instance has. Called over HTTP, it does both, and answers.
    static let text = """
        (module
          (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 2 8)
          (table $table 4 funcref)
          (global $value (mut i64) (i64.const 5))
          (elem (i32.const 0) $f)
          (data (i32.const 100) "\\2a")
          (data (i32.const 130104)
            "\\40\\fc\\01\\00\\1d\\00\\00\\00Content-Type: text/plain\\0a\\0aok\\0a")
          (data $passive "\\11")
          (func $f)
          (func (export "_start")
            (call $check)
            (call $mess)
            (drop
              (call $write (i32.const 1) (i32.const 130104) (i32.const 1) (i32.const 8))))
          (func $mess (export "mess") (local $at i32)
            (global.set $value (i64.const 99))
            (drop (memory.grow (i32.const 3)))
            (loop $next
              ;; All but what it answers with.
              (if (i32.or
                    (i32.lt_u (local.get $at) (i32.const 130100))
                    (i32.gt_u (local.get $at) (i32.const 130200)))
                (then (i32.store (local.get $at) (i32.const -1))))
              (br_if $next
                (i32.lt_u
                  (local.tee $at (i32.add (local.get $at) (i32.const 1020)))
                  (i32.const 320000))))
            (table.set $table (i32.const 0) (ref.null func))
            (table.set $table (i32.const 3) (ref.func $f))
            (data.drop $passive))
          (func $check (export "check") (local $at i32)
            (if (i64.ne (global.get $value) (i64.const 5)) (then unreachable))
            (if (i32.ne (memory.size) (i32.const 2)) (then unreachable))
            (if (ref.is_null (table.get $table (i32.const 0))) (then unreachable))
            (if (i32.eqz (ref.is_null (table.get $table (i32.const 3)))) (then unreachable))
            (if (i32.ne (i32.load8_u (i32.const 100)) (i32.const 42)) (then unreachable))
            (memory.init $passive (i32.const 100) (i32.const 0) (i32.const 1))
            (i32.store8 (i32.const 100) (i32.const 0))
            (loop $next
              (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
              (br_if $next
                (i32.lt_u
                  (local.tee $at (i32.add (local.get $at) (i32.const 8)))
                  (i32.const 130104))))))
        """

    static func image(
        _ configuration: FunctionConfiguration = FunctionConfiguration()
    ) throws -> VersionImage {
        try VersionImage(module: TextModule.encode(text), configuration: configuration)
    }

    /// Runs an export; false when it trapped.
    static func run(_ instance: Instance, _ export: String) throws -> Bool {
        let stack = try ValueStack(byteCount: 1 << 16)
        let execution = try Execution(instance, export: export, stack: stack)
        guard case .finished = execution.resume(budget: 1 << 30) else { return false }
        return true
    }
}

struct InstancePoolTests {
    private let account = MemoryAccount(byteCountMax: 1 << 30)

    private func pool(
        minimum: Int = 0,
        maximum: Int = 4,
        idleNanoseconds: UInt64 = 1_000,
        reuse: Int = 1
    ) throws -> InstancePool {
        InstancePool(
            try PoolGuest.image(),
            bounds: InstancePool.Bounds(
                minimum: minimum,
                maximum: maximum,
                idleNanoseconds: idleNanoseconds,
                reuse: reuse
            ),
            account: account
        )
    }

    @Test func `what is given back is pristine, and taken before anything is made`() throws {
        let pool = try pool()
        let first = try pool.take(now: 0)
        #expect(first.kind == .fresh)
        for round in 0..<5 {
            let lease = round == 0 ? first : try pool.take(now: 0)
            #expect(round == 0 || lease.kind == .pooled)
            #expect(lease.instance === first.instance)
            #expect(try PoolGuest.run(lease.instance, "check"))
            #expect(try PoolGuest.run(lease.instance, "mess"))
            #expect(try !PoolGuest.run(lease.instance, "check"))
            pool.give(back: lease, isSound: false, now: 0)
        }
        let statistics = pool.statistics
        #expect((statistics.hitCount, statistics.missCount) == (4, 1))
        #expect((statistics.readyCount, statistics.inUseCount) == (1, 0))
        #expect(statistics.resetCount == 5)
    }

    @Test func `an instance that may be reused keeps its state, but not after a failure`() throws {
        let pool = try pool(reuse: 3)
        var pristine: [Bool] = []
        for round in 0..<6 {
            let lease = try pool.take(now: 0)
            pristine.append(lease.served == 0)
            #expect(try PoolGuest.run(lease.instance, "check") == pristine[round])
            #expect(try PoolGuest.run(lease.instance, "mess"))
            pool.give(back: lease, isSound: round != 3, now: 0)
        }
        #expect(pristine == [true, false, false, true, true, false])
    }

    @Test func `the pool keeps no more than its maximum`() throws {
        let pool = try pool(maximum: 2)
        let leases = try (0..<4).map { _ in try pool.take(now: 0) }
        for lease in leases { pool.give(back: lease, isSound: true, now: 0) }
        #expect(pool.statistics.readyCount == 2)
        #expect(account.byteCount == pool.statistics.privateByteCount)
    }

    @Test func `what is idle goes, but for the minimum`() throws {
        let pool = try pool(minimum: 1, idleNanoseconds: 1_000)
        let leases = try (0..<3).map { _ in try pool.take(now: 0) }
        for (index, lease) in leases.enumerated() {
            pool.give(back: lease, isSound: true, now: UInt64(index) * 500)
        }
        pool.trim(now: 999)
        #expect(pool.statistics.readyCount == 3)
        pool.trim(now: 1_500)
        #expect(pool.statistics.readyCount == 1)
        pool.trim(now: 1_000_000)
        #expect(pool.statistics.readyCount == 1)
        #expect(pool.statistics.idleDropCount == 2)
    }

    @Test func `the minimum is made once somebody asks for it`() throws {
        let pool = try pool(minimum: 3)
        try pool.refill()
        #expect(pool.statistics.readyCount == 3)
        let leases = try (0..<2).map { _ in try pool.take(now: 0) }
        #expect(leases.map(\.shortage) == [.ofMinimum, .ofMinimum])
        try pool.refill()
        #expect(pool.statistics.readyCount == 3)
        #expect(pool.statistics.refillCount == 5)
    }

    @Test func `the account follows what there is, until there is nothing`() throws {
        let pool = try pool()
        pool.give(back: try pool.take(now: 0), isSound: true, now: 0)
        let lease = try pool.take(now: 0)
        let fresh = account.byteCount
        #expect(fresh > 0)
        #expect(try PoolGuest.run(lease.instance, "mess"))
        pool.give(back: lease, isSound: true, now: 0)
        // 79 pages of memory have been written.
        #expect(account.byteCount >= fresh + 70 * 4_096)
        let again = try pool.take(now: 0)
        pool.retire()
        #expect(account.byteCount > 0)
        pool.give(back: again, isSound: true, now: 0)
        #expect(account.byteCount == 0)
        #expect(pool.statistics.readyCount == 0)
    }

    @Test func `more are wanted at once when many come close to one another`() throws {
        let pool = try pool(maximum: 4)
        var now: UInt64 = 0
        for _ in 0..<100 {
            let lease = try pool.take(now: now)
            pool.give(back: lease, isSound: true, now: now + 5_000_000)
            now += 2_000_000
        }
        #expect(try pool.take(now: now).shortage == .ofDemand)
    }

    @Test func `memory that a seldom request wrote is given back, and had again`() throws {
        let pool = try pool(idleNanoseconds: .max)
        let second: UInt64 = 1_000_000_000
        var kept: [Int] = []
        // The first, one after a while, one soon after that, and then none for a while.
        for moment in [0, 2 * second, 2 * second + 1] {
            let lease = try pool.take(now: moment)
            #expect(try PoolGuest.run(lease.instance, "check"))
            #expect(try PoolGuest.run(lease.instance, "mess"))
            pool.give(back: lease, isSound: true, now: moment)
            kept.append(account.byteCount)
        }
        #expect(kept[0] < 64 << 10 && kept[1] == kept[0])
        #expect(kept[2] >= 70 * 4_096)
        pool.trim(now: 3 * second)
        #expect(account.byteCount == kept[2])
        pool.trim(now: 3 * second + 1)
        #expect(account.byteCount == kept[0])
        #expect(pool.statistics.readyCount == 1)
        let lease = try pool.take(now: 4 * second)
        #expect(lease.kind == .pooled)
        #expect(try PoolGuest.run(lease.instance, "check"))
    }

    @Test func `a janitor refills pools and takes instances back`() throws {
        let pool = try pool(minimum: 2)
        let sweeps = Atomic(0)
        let janitor = try Janitor { sweeps.add(1, ordering: .relaxed) }
        defer { janitor.stop() }
        let lease = try pool.take(now: 1)
        #expect(lease.shortage == .ofMinimum)
        #expect(try PoolGuest.run(lease.instance, "mess"))
        pool.requestRefill(by: janitor)
        let used = UsedInstance(lease: lease, pool: pool, isSound: true, endedAt: 2)
        #expect(janitor.submit(.giveBack(used)))
        let deadline = Monotonic.now() &+ 10_000_000_000
        while pool.statistics.readyCount < 3, Monotonic.now() < deadline {}
        #expect(pool.statistics.readyCount == 3)
        #expect(pool.statistics.resetCount == 1)
        // The first sweep comes at once.
        #expect(sweeps.load(ordering: .relaxed) >= 1)
    }

    @Test func `hammer: instances taken by many threads are pristine, and none is lost`() throws {
        let pool = try pool(minimum: 2, maximum: 8)
        let leaks = Atomic(0)
        let failures = Atomic(0)
        let group = ThreadGroup()
        for thread in 0..<4 {
            try group.spawn(name: "hammer") { @Sendable in
                for round in 0..<300 {
                    do {
                        let lease = try pool.take(now: Monotonic.now())
                        if try !PoolGuest.run(lease.instance, "check") {
                            leaks.add(1, ordering: .relaxed)
                        }
                        _ = try PoolGuest.run(lease.instance, "mess")
                        pool.give(back: lease, isSound: round % 2 == 0, now: Monotonic.now())
                        if round % 16 == thread { pool.evict() }
                        if round % 32 == thread { try pool.refill() }
                        if round % 64 == thread { pool.trim(now: .max) }
                    } catch {
                        failures.add(1, ordering: .relaxed)
                    }
                }
            }
        }
        group.joinAll()
        #expect(leaks.load(ordering: .relaxed) == 0)
        #expect(failures.load(ordering: .relaxed) == 0)
        #expect(pool.statistics.inUseCount == 0)
        pool.retire()
        #expect(account.byteCount == 0)
    }
}

struct PoolDemandTests {
    private static let second: UInt64 = 1_000_000_000

    /// Takes and gives back at a rate for ten seconds, and answers what is expected then.
    private func expected(perSecond rate: UInt64, use: UInt64, silence: UInt64 = 0) -> Int {
        var demand = PoolDemand()
        var now: UInt64 = 0
        while now < 10 * Self.second {
            _ = demand.taken(at: now)
            demand.givenBack(after: use)
            now += Self.second / rate
        }
        return demand.expected(at: now + silence)
    }

    @Test func `as many are expected as the rate times the time of use, and some for chance`() {
        // 100 a second for 50 ms each: 5 on average, and twice the square root of it.
        #expect((9...10).contains(expected(perSecond: 100, use: Self.second / 20)))
        #expect((120...121).contains(expected(perSecond: 1_000, use: Self.second / 10)))
        // Microseconds, now and then: none beyond the minimum.
        #expect(expected(perSecond: 10, use: 5_000) == 0)
    }

    @Test func `a demand that has ended is forgotten`() {
        let use = Self.second / 20
        #expect(expected(perSecond: 100, use: use, silence: Self.second) <= 1)
        #expect(expected(perSecond: 100, use: use, silence: 60 * Self.second) == 0)
        #expect(PoolDemand().expected(at: 5) == 0)
    }
}

struct ResidentsTests {
    private func version(_ name: String) throws -> FunctionVersion {
        FunctionVersion(
            function: try #require(FunctionName(name)),
            number: 1,
            digest: ModuleDigest(of: []),
            code: VersionCode(),
            configuration: FunctionConfiguration(),
            interface: .wasiCommand,
            gate: FunctionGate(),
            serverSoftware: "test"
        )
    }

    @Test func `what was used longest ago goes first: instances, then code`() throws {
        let account = MemoryAccount(byteCountMax: 200_000)
        let residents = Residents(account: account)
        let versions = try ["one", "two", "three"].map { try version($0) }
        for (index, version) in versions.enumerated() {
            let loaded = try LoadedVersion(
                PoolGuest.image(),
                configuration: FunctionConfiguration(),
                account: account
            )
            #expect(residents.install(loaded, as: version))
            loaded.pool.give(back: try loaded.pool.take(now: 0), isSound: true, now: 0)
            let lease = try loaded.pool.take(now: UInt64(index + 1))
            #expect(try PoolGuest.run(lease.instance, "mess"))
            loaded.pool.give(back: lease, isSound: true, now: UInt64(index + 1))
        }
        #expect(account.excess > 0)
        residents.makeRoom()
        #expect(account.byteCount <= account.byteCountMax / 10 * 9)
        let ready = versions.map { $0.loaded?.pool.statistics.readyCount }
        #expect(ready == [0, 0, 0] || ready == [0, 0, 1])
        #expect(versions.allSatisfy { $0.isLoaded })
        #expect(versions[0].loaded?.pool.statistics.evictionCount == 1)
    }

    @Test func `code goes when there are no instances left to give up, unless it runs`() throws {
        let account = MemoryAccount(byteCountMax: 10)
        let residents = Residents(account: account)
        let versions = try ["one", "two"].map { try version($0) }
        for version in versions {
            let loaded = try LoadedVersion(
                PoolGuest.image(),
                configuration: FunctionConfiguration(),
                account: account
            )
            #expect(residents.install(loaded, as: version))
        }
        let pool = try #require(versions[0].loaded?.pool)
        let lease = try pool.take(now: 1)
        residents.makeRoom()
        #expect(versions.map(\.isLoaded) == [true, false])
        #expect(residents.statistics.evictedVersionCount == 1)
        pool.give(back: lease, isSound: true, now: 2)
        residents.makeRoom()
        #expect(versions.map(\.isLoaded) == [false, false])
        #expect(account.byteCount == 0)
    }

    @Test func `half of the instances go when the system has no mapping left`() throws {
        let residents = Residents(account: MemoryAccount(byteCountMax: 1 << 30))
        let versions = try ["one", "two", "three"].map { try version($0) }
        for (index, version) in versions.enumerated() {
            let loaded = try LoadedVersion(
                PoolGuest.image(),
                configuration: FunctionConfiguration(),
                account: residents.account
            )
            #expect(residents.install(loaded, as: version))
            let lease = try loaded.pool.take(now: UInt64(10 - index))
            loaded.pool.give(back: lease, isSound: true, now: 20)
        }
        residents.relieve()
        // Those that were used longest ago.
        #expect(versions.map { $0.loaded?.pool.statistics.readyCount } == [1, 0, 0])
    }

    @Test func `a version that was withdrawn is not loaded again`() throws {
        let account = MemoryAccount(byteCountMax: 1 << 30)
        let residents = Residents(account: account)
        let version = try version("gone")
        residents.remove(version, forever: true)
        let loaded = try LoadedVersion(
            PoolGuest.image(),
            configuration: FunctionConfiguration(),
            account: account
        )
        #expect(!residents.install(loaded, as: version))
        #expect(!version.isLoaded)
        #expect(residents.versions.isEmpty)
    }
}
