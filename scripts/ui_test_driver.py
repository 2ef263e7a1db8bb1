"""What scripts/ui-test does in the browser."""

import argparse
import http.client
import json
import os
import pathlib
import threading
import time
import urllib.parse

from chromium import Browser, Failure

FUNCTIONS = pathlib.Path(__file__).resolve().parent.parent / "functions"
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
# Logs a line that is dangerous as HTML.
HOSTILE_MODULE = r"""(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "Content-Type: text/plain\0A\0Ahi")
  (data (i32.const 128) "%s\0A")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 128)) (i32.store (i32.const 4) (i32.const %d))
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))
    (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 28))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))
""" % (HOSTILE.replace('"', '\\22'), len(HOSTILE) + 1)


class Daemon:
    """The daemon under test, as a client sees it."""

    def __init__(self, url, token):
        self.url = url
        self.token = token
        self.place = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(self.place.hostname, self.place.port, timeout=60)

    def request(self, method, path, body=None, fields=None):
        fields = {"Authorization": "Bearer " + self.token, **(fields or {})}
        self.connection.request(method, path, body, fields)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def json(self, method, path, body=None):
        status, answer = self.request(method, path, None if body is None else json.dumps(body))
        assert status < 300, f"{method} {path}: {status} {answer[:300]}"
        return json.loads(answer) if answer else None

    def deploy(self, name, module, kind="application/wasm", query=""):
        status, answer = self.request("PUT", f"/v1/functions/{name}{query}", module, {"Content-Type": kind})
        assert status in (200, 201), answer

    def call(self, path, times=1):
        for _ in range(times):
            self.request("GET", "/f/" + path)


class Talker(threading.Thread):
    """Has a function log so many lines a second, in ten calls."""

    def __init__(self, daemon, lines):
        super().__init__(daemon=True)
        self.client = Daemon(daemon.url, daemon.token)
        self.lines = lines // 10
        self.sent = 0
        self.isOver = threading.Event()

    def run(self):
        due = time.monotonic()
        while not self.isOver.is_set():
            self.client.call(f"chatty?lines={self.lines}")
            self.sent += self.lines
            due += 0.1
            time.sleep(max(0, due - time.monotonic()))


class Test:
    def __init__(self, browser, daemon, options):
        self.page = browser
        self.daemon = daemon
        self.options = options
        self.figures = {}

    def expect(self, condition, what):
        if not condition:
            raise Failure(f"{what}\npage: {self.page.evaluate('location.hash + document.body.innerText')[:1500]}")

    def text(self, selector="main"):
        return self.page.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def shows(self, text, selector="main", seconds=15):
        self.page.wait(f"document.querySelector({json.dumps(selector)})?.innerText.includes({json.dumps(text)})", seconds)

    def go(self, address):
        self.page.evaluate(f"location.hash = {json.dumps(address)}")

    def focused(self):
        return self.page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()")

    # The steps, in order

    def prepare(self):
        for name in ("hello", "chatty", "crash", "fib", "recurse"):
            self.daemon.deploy(name, (FUNCTIONS / name / f"{name}.wasm").read_bytes())
        self.daemon.deploy("hostile", HOSTILE_MODULE.encode(), "text/wat")
        for sample in ("echo", "wordcount"):
            self.daemon.deploy("chatty", (FUNCTIONS / sample / f"{sample}.wasm").read_bytes(), query="?activate=false")
        hello = (FUNCTIONS / "hello" / "hello.wasm").read_bytes()
        for number in range(self.options.functions):
            self.daemon.deploy(f"tenant-{number:04}", hello)
        for call, times in (("hello", 60), ("fib?n=15", 20), ("chatty?lines=20", 10), ("crash?kind=bounds", 5),
                            ("recurse", 2), ("hostile", 1), ("tenant-0007", 3)):
            self.daemon.call(call, times)

    def first_paint(self):
        """Opens the page with an empty cache, and once more."""
        for name in ("firstPaintMs", "secondPaintMs"):
            self.page.requests.clear()
            self.page.open("about:blank")
            self.page.open(self.daemon.url + "/ui")
            entry = "performance.getEntriesByType('paint').find((entry) => entry.name === 'first-contentful-paint')"
            self.figures[name] = round(self.page.wait(f"{entry}?.startTime"), 1)
            self.page.wait("document.querySelector('#token')")
        sizes = "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))" \
            ".filter((entry) => entry.name.includes('/ui')).reduce((sum, entry) => sum + entry.%s, 0)"
        # Views that are not open yet are loaded later: the test of the served files has the sum of all.
        self.figures["pageBytesAtFirst"] = self.page.evaluate(sizes % "decodedBodySize")
        self.expect(max(self.figures["firstPaintMs"], self.figures["secondPaintMs"]) < 300, f"first paint: {self.figures}")

    def sign_in(self):
        self.page.type("wrong")
        self.page.press("Enter")
        self.shows("does not accept")
        self.expect(self.page.evaluate("document.activeElement.id") == "token", "the field has no focus")
        self.page.type(self.daemon.token)
        began = time.monotonic()
        self.page.press("Enter")
        self.page.wait("document.querySelectorAll('table.data tbody tr').length > 5")
        self.figures["functionsShownMs"] = round((time.monotonic() - began) * 1000)
        self.nowhere_but_in_memory()

    def nowhere_but_in_memory(self):
        kept = self.page.evaluate("JSON.stringify([location.href, document.cookie, localStorage, sessionStorage, history.state, document.documentElement.outerHTML])")
        self.expect(self.daemon.token not in kept, "the token is somewhere else than in memory")
        self.expect(self.page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0, "something is stored")
        for request in self.page.requests:
            self.expect(self.daemon.token not in request, "the token is in an address")
            self.expect(request.startswith((self.daemon.url + "/", "data:", "about:", "blob:" + self.daemon.url)), f"a request went to {request}")

    def functions(self):
        count = self.options.functions + 6
        self.shows(f"{count:,}", ".figures")
        self.shows("hello", "table.data")
        self.expect(self.page.evaluate("document.querySelectorAll('table.data tbody tr').length") < 80, "rows out of sight are in the page")
        self.page.wait("[...document.querySelectorAll('tbody tr')].some((row) => row.innerText.startsWith('crash') && row.innerText.includes('100 %'))")
        self.picture("functions")
        # Sorting by name puts the last one first at the second click.
        self.page.click("text=Function")
        self.page.wait("document.querySelector('tbody tr:not(.space) a').textContent === 'chatty'")
        self.page.click("text=Function")
        if self.options.functions > 1:
            self.page.wait(f"document.querySelector('tbody tr:not(.space) a').textContent === 'tenant-{self.options.functions - 1:04}'")
        # By keyboard: search, into the table, open.
        self.page.press("/")
        self.page.type("tenant-000")
        self.page.wait("[...document.querySelectorAll('tbody a')].every((link) => link.textContent.startsWith('tenant-000'))")
        self.expect("q=tenant-000" in self.page.evaluate("location.hash"), "the search is not in the address")
        self.page.press("Escape")
        self.page.press("j")
        self.page.press("ArrowDown")
        self.page.press("ArrowDown")
        name = self.focused()
        self.expect(name.startswith("tenant-000"), f"the focus is on '{name}'")
        self.page.press("Enter")
        self.page.wait(f"location.hash === '#/functions/{name}'")
        self.shows("Traffic")

    def keyboard(self):
        self.go("#/")
        self.page.wait("document.querySelectorAll('tbody a').length > 5")
        for keys, place in (("gi", "#/invocations"), ("gl", "#/logs"), ("gs", "#/starts"), ("gp", "#/pool"), ("gq", "#/query"), ("gf", "#/")):
            for key in keys:
                self.page.press(key)
            self.page.wait(f"location.hash === '{place}'")
            self.page.wait("document.querySelector('main h1')")
        self.page.press("?")
        self.shows("Keyboard shortcuts", "dialog")
        self.picture("shortcuts")
        self.page.press("Escape")
        self.page.wait("!document.querySelector('dialog')")
        # From the beginning of the page, in the order in which things stand there; the first leads past the rest.
        self.page.evaluate("document.getElementById('skip').focus()")
        self.page.press("Enter")
        self.expect(self.page.evaluate("document.activeElement.id") == "main", "the head of the page was not skipped")
        self.page.evaluate("document.getElementById('skip').focus()")
        order = []
        for _ in range(10):
            self.page.press("Tab")
            order.append(self.focused())
            self.expect(self.page.evaluate("getComputedStyle(document.activeElement).outlineStyle !== 'none'"), f"the focus on '{order[-1]}' cannot be seen")
        self.expect(order[:7] == ["Roost", "Functions", "Invocations", "Logs", "Starts", "Pool", "SQL"], f"the order is {order}")

    def named(self):
        """Everything that can be used has a name for those who do not see it."""
        self.page.call("Accessibility.enable")
        nodes = self.page.call("Accessibility.getFullAXTree")["nodes"]
        roles = {"button", "link", "textbox", "searchbox", "combobox", "slider", "spinbutton", "checkbox", "tab", "table", "log", "dialog"}
        for node in nodes:
            role = node.get("role", {}).get("value")
            if role in roles and not node.get("ignored"):
                self.expect(node.get("name", {}).get("value"), f"a {role} at {self.page.evaluate('location.hash')} has no name: {node.get('backendDOMNodeId')}")

    def versions(self):
        path = "/v1/functions/chatty"
        live = lambda: next(alias for alias in self.daemon.json("GET", path)["aliases"] if alias["alias"] == "live")
        self.go("#/functions/chatty")
        self.shows("Versions")
        self.page.wait("document.querySelectorAll('main table tbody tr').length === 3")
        self.page.click("text=Split with another version")
        self.page.evaluate("document.querySelector('input[type=range]').focus()")
        for _ in range(5):
            self.page.press("ArrowRight")
        self.expect(self.page.evaluate("document.querySelector('input[type=range]').value") == "5", "the slider did not follow the keys")
        self.expect("95" in self.text(".traffic"), "the base version does not get the rest")
        self.picture("traffic")
        self.page.click("text=Apply …")
        self.shows("Version 1 will get 95 %", "dialog")
        self.page.click("text=Apply")
        self.shows("has changed", "#toasts")
        self.expect(live()["version"] == 1 and live()["weights"] == {"3": 0.05}, f"live is {live()}")
        # Somebody else is quicker.
        self.page.wait("document.querySelectorAll('.traffic .split').length === 2")
        self.daemon.json("PUT", path + "/aliases/live", {"version": 3})
        self.page.click("text=Remove")
        self.page.click("text=Apply …")
        self.page.wait("document.querySelector('dialog')")
        self.page.click("text=Apply")
        self.shows("Somebody has changed the function meanwhile", "#toasts")
        self.expect(live()["version"] == 3, "the change of somebody else was undone")
        self.page.wait("document.querySelector('.traffic select').value === '3'")
        self.page.click("text=Roll back …")
        self.shows("Version 3 of chatty is live", "dialog")
        self.page.press("Escape")
        self.page.wait("!document.querySelector('dialog')")
        self.expect(live()["version"] == 3, "it was rolled back without being confirmed")
        self.page.click("text=Roll back …")
        self.page.press("Enter")
        self.shows("of chatty is live", "#toasts")
        self.expect(live()["version"] < 3, f"live is {live()}")
        self.daemon.json("PUT", path + "/aliases/live", {"version": 1})
        self.page.press("r")

    def tabs(self):
        self.go("#/functions/hello?tab=config")
        self.shows("limits.timeoutMs")
        self.page.evaluate("document.querySelector('[role=tab][aria-selected=true]').focus()")
        self.page.press("ArrowRight")
        self.shows("Who changed what")
        self.named()
        self.page.press("ArrowRight")
        self.shows("Starts of requests")
        self.page.wait("document.querySelector('.distribution svg.histogram')")
        self.page.click("text=Measure")
        self.page.wait("document.querySelectorAll('.distributions').length === 2 && document.querySelectorAll('svg.histogram').length > 5", 60)
        self.named()
        self.picture("function")
        self.go("#/functions/none")
        self.shows("there is no function 'none'")

    def invocations(self):
        self.go("#/invocations?function=crash&outcome=trap")
        self.page.wait("document.querySelectorAll('tbody tr').length === 5")
        self.named()
        self.picture("invocations")
        self.page.click("tbody a")
        self.shows("Trap")
        text = self.text()
        for part in ("price_item", "total_order", "about to fail: bounds", "Phases", "guest"):
            self.expect(part in text, f"the invocation does not show {part}")
        self.expect(self.page.evaluate("document.querySelectorAll('svg.phases rect').length") >= 3, "the phases are not drawn")
        self.named()
        self.picture("invocation")
        self.go("#/invocations?function=hostile")
        self.page.wait("document.querySelectorAll('tbody tr').length === 1")
        self.page.click("tbody a")
        self.shows(HOSTILE)
        self.expect(self.page.evaluate("document.title").startswith("Invocation"), "a log line was run")
        self.go("#/invocations?status=abc")
        self.shows("'status'")

    def live_log(self):
        self.go("#/logs?function=hostile")
        self.shows(HOSTILE)
        self.go("#/logs")
        self.shows("hostile@1")
        self.shows("crash@")
        self.named()
        self.picture("all-logs")
        self.go("#/logs?function=chatty")
        self.shows("Live")
        self.page.evaluate("""(() => {
            const gaps = window.frameGaps = [];
            let last = performance.now();
            const frame = (now) => { gaps.push(now - last); last = now; requestAnimationFrame(frame); };
            requestAnimationFrame(frame);
        })()""")
        talker = Talker(self.daemon, 1000)
        self.page.evaluate("frameGaps.length = 0")
        talker.start()
        delays = []
        end = time.monotonic() + self.options.seconds
        while time.monotonic() < end:
            time.sleep(0.5)
            began = time.monotonic()
            self.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
            delays.append((time.monotonic() - began) * 1000)
        gaps = sorted(self.page.evaluate("frameGaps"))
        self.named()
        self.picture("logs")
        self.page.press("p")
        self.shows("Paused")
        shown = self.text(".lines")
        time.sleep(1)
        self.expect(self.text(".lines") == shown, "the lines go on while it is paused")
        self.page.press("p")
        self.shows("Live")
        self.page.press("/")
        talker.isOver.set()
        talker.join()
        nodes = self.page.evaluate("document.querySelectorAll('*').length")
        self.page.evaluate("document.querySelector('input[type=search]').focus()")
        self.page.type("line 77 of")
        self.page.wait("[...document.querySelectorAll('.lines .line')].every((line) => line.innerText.includes('line 77 of'))")
        # The last lines arrive a moment later. Only so many are kept.
        kept = "Number(document.querySelector('.speed').textContent.match(/([\\d,]+) kept/)?.[1].replaceAll(',', ''))"
        self.page.wait(f"{kept} >= {min(talker.sent, 20000)}")
        kept = self.page.evaluate(kept)
        rank = lambda values, share: values[min(len(values) - 1, int(len(values) * share))]
        self.figures.update({
            "linesSent": talker.sent, "linesKept": kept, "framesPerSecond": round(len(gaps) / self.options.seconds, 1),
            "frameGapP50Ms": round(rank(gaps, 0.5), 1), "frameGapP99Ms": round(rank(gaps, 0.99), 1), "frameGapMaxMs": round(gaps[-1], 1),
            "answerMaxMs": round(max(delays), 1), "elements": nodes,
            "heapMB": round(self.page.call("Runtime.getHeapUsage")["usedSize"] / 1e6, 1),
        })
        self.expect(talker.sent >= 900 * self.options.seconds, f"too few lines were logged: {self.figures}")
        self.expect(nodes < 500 + self.options.functions, f"the page grows: {self.figures}")
        self.expect(rank(gaps, 0.99) < 200 and max(delays) < 1000, f"the page stutters: {self.figures}")

    def starts_and_pool(self):
        self.go("#/starts")
        self.page.wait("document.querySelector('svg.histogram rect')")
        self.named()
        self.picture("starts")
        self.go("#/pool")
        self.page.wait("document.querySelectorAll('svg.treemap a').length > 2 && document.querySelectorAll('tbody tr').length > 2")
        self.named()
        self.picture("pool")

    def sql(self):
        self.go("#/query?sql=" + urllib.parse.quote("SELECT function, count(*) AS calls, p99(totalUs) AS slow FROM invocations GROUP BY function ORDER BY calls DESC"))
        self.page.wait("document.querySelector('textarea')?.value.includes('p99')")
        self.page.press("/")
        self.page.press("Enter", control=True)
        self.page.wait("document.querySelectorAll('.result tbody tr').length > 3")
        self.shows("rows ·")
        self.named()
        self.picture("query")
        self.page.evaluate("document.querySelector('textarea').value = 'DELETE FROM invocations'")
        self.page.click("text=Run")
        self.page.wait("document.querySelector('.result .notice.bad')")

    def sign_out(self):
        self.page.click("text=Sign out")
        self.page.wait("document.querySelector('#token')")
        self.picture("sign-in")
        self.nowhere_but_in_memory()
        # Reloading forgets the token, too.
        self.page.open("about:blank")
        self.page.open(self.daemon.url + "/ui#/pool")
        self.page.wait("document.querySelector('#token')")
        self.page.type(self.daemon.token)
        self.page.press("Enter")
        self.page.wait("location.hash === '#/pool' && document.querySelector('svg.treemap')")

    def quiet(self):
        """Nothing went wrong that nobody saw."""
        expected = ("status of 401", "status of 404", "status of 412", "status of 400", "status of 403", "status of 422")
        rest = [line for line in self.page.console if not any(part in line for part in expected)]
        self.expect(not rest, f"the console has: {rest}")

    def picture(self, name):
        if not self.options.screenshots:
            return
        for width, dark in ((1280, False), (1280, True), (400, False), (400, True)):
            self.page.show(width, 800, dark)
            time.sleep(0.3)
            self.page.screenshot(f"{self.options.screenshots}/{name}-{width}{'-dark' if dark else ''}.png")
        self.page.show(1280, 800)

    def run(self):
        self.page.show(1280, 800)
        steps = (self.prepare, self.first_paint, self.sign_in, self.functions, self.keyboard, self.versions, self.tabs,
                 self.invocations, self.live_log, self.starts_and_pool, self.sql, self.sign_out, self.quiet)
        for step in steps:
            began = time.monotonic()
            step()
            print(f"{step.__name__:16} {time.monotonic() - began:6.1f} s", flush=True)
        print(json.dumps(self.figures))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--functions", type=int, default=1000)
    parser.add_argument("--screenshots", default="")
    options = parser.parse_args()
    browser = Browser()
    try:
        Test(browser, Daemon(options.url, os.environ["ROOST_TOKEN"]), options).run()
    except (Failure, AssertionError) as error:
        raise SystemExit(f"failed: {error}\nconsole: {browser.console}")
    finally:
        browser.close()


main()
