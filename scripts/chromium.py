"""A headless Chromium, driven over the DevTools protocol through a pipe: no port is opened."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


class Failure(Exception):
    """The page did not do what was waited for, or an expression threw."""


class Browser:
    """A browser with one page, and what the page has said and asked for."""

    KEYS = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38, "ArrowRight": 39, "End": 35, "Home": 36}

    def __init__(self, program="chromium"):
        self.folder = tempfile.mkdtemp(prefix="roost-ui-")
        to_browser, self.output = os.pipe()
        self.input, from_browser = os.pipe()

        def arrange():
            # The protocol is spoken on descriptors 3 and 4.
            os.dup2(os.dup(to_browser), 100)
            os.dup2(os.dup(from_browser), 101)
            os.dup2(100, 3)
            os.dup2(101, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--user-data-dir=" + self.folder, "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-default-apps", "--disable-sync", "--hide-scrollbars"],
            preexec_fn=arrange, close_fds=False, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer = b""
        self.number = 0
        self.session = None
        self.console = []
        self.requests = []
        self.responses = {}
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def close(self):
        try:
            self.session = None
            self.call("Browser.close", timeout=5)
            self.process.wait(10)
        except (Failure, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        finally:
            os.close(self.output)
            os.close(self.input)
            shutil.rmtree(self.folder, ignore_errors=True)

    # The protocol

    def call(self, method, timeout=60, **parameters):
        """Sends a command and returns its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + timeout
        while True:
            answer = self.receive(deadline)
            if answer is None:
                raise Failure(f"{method}: no answer within {timeout} s")
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise Failure(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def receive(self, deadline):
        """The next message; None when there is none until the deadline."""
        while b"\0" not in self.buffer:
            wait = deadline - time.monotonic()
            if wait <= 0 or not select.select([self.input], [], [], wait)[0]:
                return None
            piece = os.read(self.input, 1 << 20)
            if not piece:
                raise Failure("the browser has ended")
            self.buffer += piece
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        self.note(message)
        return message

    def note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.console.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
            self.console.append(" ".join(str(part.get("value", part.get("description"))) for part in parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            entry = parameters["entry"]
            self.console.append(f"{entry['text']} {entry.get('url', '')}")
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Network.responseReceived":
            self.responses[parameters["requestId"]] = parameters["response"]

    # The page

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def evaluate(self, expression):
        """The value of a JavaScript expression, a promise's when it is one."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise Failure(f"{expression}: {result['exceptionDetails'].get('exception', {}).get('description')}")
        return result["result"].get("value")

    def wait(self, expression, seconds=15):
        """Waits until an expression is true, and returns its value."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                # An element is as good as true, but has no value that could be sent.
                value = self.evaluate(f"((value) => value instanceof Node || value)({expression})")
            except Failure:
                # While a page is being loaded there may be nothing to ask.
                value = None
            if value:
                return value
            if time.monotonic() > deadline:
                raise Failure(f"not true within {seconds} s: {expression}\npage: {self.evaluate('document.body.innerText')[:1500]}")
            time.sleep(0.05)

    def click(self, selector):
        """Clicks at the middle of an element, which must be in sight."""
        place = self.evaluate(f"""(() => {{
            const node = {self.find(selector)};
            node.scrollIntoView({{block: 'nearest'}});
            const box = node.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    @staticmethod
    def find(selector):
        """A selector as an expression; `text=…` finds a button or a link by what stands on it."""
        if selector.startswith("text="):
            text = json.dumps(selector[5:])
            return ("[...document.querySelectorAll('dialog[open] button, button, a, [role=tab]')]"
                    f".find((node) => node.textContent.trim() === {text} && node.checkVisibility())")
        return f"document.querySelector({json.dumps(selector)})"

    def press(self, key, control=False):
        modifiers = 2 if control else 0
        text = key if len(key) == 1 else "\r" if key == "Enter" and not control else None
        parameters = {"key": key, "modifiers": modifiers, "windowsVirtualKeyCode": self.KEYS.get(key, ord(key[0].upper()))}
        if text:
            parameters["text"] = text
        self.call("Input.dispatchKeyEvent", type="keyDown", **parameters)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, modifiers=modifiers)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def show(self, width, height, dark=False):
        """Gives the page a size and a colour scheme."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
