import Foundation
import Gzip
import TestSupport
import Testing

/// The dashboard's files, as a browser gets them.
struct DashboardTests {
    private static let paths = [
        "/ui", "/ui/style.css", "/ui/app.js", "/ui/api.js", "/ui/dom.js", "/ui/format.js",
        "/ui/charts.js", "/ui/table.js", "/ui/functions.js", "/ui/function.js", "/ui/traffic.js",
        "/ui/logs.js", "/ui/invocations.js", "/ui/starts.js", "/ui/pool.js", "/ui/query.js",
    ]
    private let daemon: RunningDaemon

    init() throws { daemon = try RunningDaemon(dev: false) }

    @Test func `all files are served without a token, and weigh less than 150 KB`() throws {
        var size = 0
        for path in Self.paths {
            let file = try daemon.request("GET", path)
            #expect(file.status == 200, "\(path)")
            let type =
                path == "/ui"
                ? "text/html" : path.hasSuffix(".css") ? "text/css" : "text/javascript"
            #expect(file["content-type"] == type + "; charset=utf-8")
            #expect(file["cache-control"] == "no-cache")
            size += file.body.count
        }
        #expect(size < 150_000)
        #expect(try daemon.request("GET", "/v1/functions").status == 401)
    }

    /// What the page names, the daemon has, and the other way round.
    @Test func `the page's parts name one another, and nothing else`() throws {
        var named: Set<String> = ["/ui"]
        for path in Self.paths {
            let text = try daemon.request("GET", path).text
            for match in text.matches(of: #/(?:(?:from|import\() ?'\./|(?:src|href)="ui/)([\w.]+)/#)
            {
                named.insert("/ui/" + match.1)
            }
        }
        #expect(named == Set(Self.paths))
        #expect(try daemon.request("GET", "/ui/none.js").status == 404)
        #expect(try daemon.request("GET", "/ui/../token").status >= 400)
    }

    @Test func `the page loads nothing from elsewhere and runs nothing but its scripts`() throws {
        let policy =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            + "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        for path in Self.paths {
            let file = try daemon.request("GET", path)
            #expect(file["content-security-policy"] == policy)
            #expect(file["x-content-type-options"] == "nosniff")
            #expect(file["referrer-policy"] == "no-referrer")
            #expect(file["cross-origin-opener-policy"] == "same-origin")
            let text = file.text.replacing("http://www.w3.org/2000/svg", with: "")
            #expect(!text.contains(#/https?:|["'(=]//\w/#), "\(path) names another place")
            for word in [
                "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                "new Function", "localStorage", "sessionStorage", "document.cookie", "indexedDB",
            ] { #expect(!text.contains(word), "\(path): \(word)") }
        }
        let page = try daemon.request("GET", "/ui").text
        #expect(!page.contains(#/<script(?![^>]*src=)|<style|\sstyle=|\son\w+=/#))
    }

    @Test func `a file that the browser has is not sent again`() throws {
        for path in Self.paths {
            let file = try daemon.request("GET", path)
            let tag = try #require(file["etag"])
            #expect(tag.hasPrefix("\""))
            for known in [tag, "W/" + tag, "\"other\", \(tag)", "*"] {
                let again = try daemon.request("GET", path, fields: [("If-None-Match", known)])
                #expect(again.status == 304)
                #expect(again["etag"] == tag)
            }
            let other = try daemon.request("GET", path, fields: [("If-None-Match", "\"other\"")])
            #expect(other.body == file.body)
        }
    }

    @Test func `files are packed for those who take gzip`() throws {
        for path in Self.paths {
            let plain = try daemon.request("GET", path)
            let packed = try daemon.request("GET", path, fields: [("Accept-Encoding", "gzip, br")])
            #expect(packed["content-encoding"] == "gzip")
            #expect(packed["etag"] != plain["etag"])
            #expect(packed["vary"] == "Accept-Encoding")
            #expect(try GzipDecoder.unpack(packed.body, byteCountMax: 1 << 20) == plain.body)
            let refused = try daemon.request(
                "GET",
                path,
                fields: [("Accept-Encoding", "gzip;q=0")]
            )
            #expect(refused["content-encoding"] == nil)
        }
    }

    @Test func `the page's address has one form, and can only be read`() throws {
        let redirect = try daemon.request("GET", "/ui/")
        #expect(redirect.status == 308)
        #expect(redirect["location"] == "../ui")
        let post = try daemon.request("POST", "/ui", body: [])
        #expect(post.status == 405)
        #expect(post["allow"] == "GET, HEAD")
        let head = try daemon.request("HEAD", "/ui")
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
    }
}
