import Daemon
import Foundation
import Testing

@testable import roost

struct InvocationTextTests {
    private func lines(_ json: String) throws -> [String] {
        InvocationText.lines(of: try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8)))
    }

    @Test func `a trap is shown with its stack and the log`() throws {
        let lines = try lines(
            """
            {"id":"a","function":"f","version":2,"alias":null,"method":"GET","path":"/f/f",
             "trigger":"http","status":502,"outcome":"trap","start":"fresh",
             "startedAt":"2026-01-31T10:20:30Z","queueUs":5,"startUs":1000,"guestUs":1234567,
             "totalUs":1235572,"fuel":99,"memoryPeakBytes":65536,"bytesIn":1,"bytesOut":2,
             "traceId":null,"error":"the function trapped: no more",
             "trap":{"kind":"refused by the host","message":"no more","depth":1003,"backtrace":[
               {"function":3,"name":"inner","offset":255,"file":"a.c","line":4,"column":5},
               {"function":2,"offset":16,"file":"b.c","line":6,"count":1000}]},
             "lines":[{"seq":0,"atUs":1500,"stream":"stderr","text":"hi"}],"linesTruncated":true}
            """
        )
        #expect(
            lines == [
                "id        a", "function  f@2", "request   GET /f/f", "trigger   http",
                "outcome   trap 502", "error     the function trapped: no more",
                "started   2026-01-31T10:20:30Z", "start     fresh",
                "time      queue 0.005 ms, start 1.000 ms, guest 1234.567 ms, total 1235.572 ms",
                "fuel      99 instructions", "memory    65536 bytes at most",
                "bodies    1 bytes in, 2 bytes out", "",
                "trap: no more (refused by the host)",
                "  0: inner at byte 0xff (a.c:4:5)",
                "  1: <function 2> at byte 0x10 (b.c:6), 1000 times", "  … 2 more", "", "log:",
                "  1.500 ms  stderr  hi", "  … cut: a limit was reached",
            ]
        )
    }

    @Test func `a call that was not made yet has little to show`() throws {
        let lines = try lines(
            """
            {"id":"a","function":"f","trigger":"async","outcome":null,
             "async":{"id":"a","state":"waiting"}}
            """
        )
        #expect(lines == ["id        a", "function  f", "trigger   async", "async     waiting"])
    }
}
