# Runs a WSGI application (PEP 3333) on CPython or MicroPython: speaks docs/RUNTIMES.md's protocol on its standard
# streams. Run with -c, so that it needs no file.
import io
import json
import sys

STDIN = sys.stdin.buffer
STDOUT = sys.stdout.buffer
IS_MICROPYTHON = sys.implementation.name == "micropython"
# A collection takes as long as sending some hundred pieces.
COLLECTED_PIECES = 1000

if IS_MICROPYTHON:
    # Its collector does not see what only WebAssembly's locals refer to, such as the frames of functions with more
    # than a few variables, and would free that. It is only safe where none of those is running.
    import gc
    gc.disable()
    collect = gc.collect

    class Collector:
        """What scripts get in place of the module 'gc'."""

        mem_alloc = gc.mem_alloc
        mem_free = gc.mem_free

        def collect(self):
            return 0

        def enable(self):
            pass

        def disable(self):
            pass

        def isenabled(self):
            return False

        def threshold(self, count=-1):
            return -1

    sys.modules["gc"] = Collector()
    leave = sys.exit
else:
    import os
    leave = os._exit
    sys.stdout = sys.stderr


def read(count):
    """Reads so many bytes, or what there is before the end."""
    data = STDIN.read(count)
    while data and len(data) < count:
        more = STDIN.read(count - len(data))
        if not more:
            break
        data += more
    return data


def flush():
    # There, nothing is buffered, and flushing is an operation on files.
    if not IS_MICROPYTHON:
        STDOUT.flush()


def read_message():
    length = read(8)
    return json.loads(read(int(length, 16)).decode()) if length else None


def fail(error):
    """Says where an error came from as compilers do, on the last line, and ends with code 1."""
    text = io.StringIO()
    if IS_MICROPYTHON:
        sys.print_exception(error, text)
    else:
        import traceback
        traceback.print_exception(type(error), error, error.__traceback__, file=text)
    report = text.getvalue().strip()
    # The adapter's own frames say nothing of the script.
    lines = report.split("\n")
    place = ""
    kept = []
    hidden = False
    for line in lines:
        stripped = line.strip()
        if stripped.startswith('File "'):
            path, _, rest = stripped[6:].partition('", line ')
            hidden = path[:1] == "<"
            if not hidden:
                digits = rest.split(",")[0].strip()
                place = "%s:%s: " % (path if path[:1] == "/" else "/" + path, digits)
        elif not line.startswith(" "):
            hidden = False
        if not hidden:
            kept.append(line)
    sys.stderr.write("\n".join(kept) + "\n")
    sys.stderr.write(place + lines[-1] + "\n")
    if not IS_MICROPYTHON:
        sys.stderr.flush()
    leave(1)


def log(*values, sep=" ", end="\n", file=None, flush=False):
    """print() goes to the function's log: standard output is the response."""
    text = (sep or " ").join([str(value) for value in values]) + ("\n" if end is None else end)
    (file or sys.stderr).write(text)


def load(main):
    with open(main) as file:
        source = file.read()
    folder = main.rsplit("/", 1)[0]
    sys.path.insert(0, folder or "/")
    if not IS_MICROPYTHON:
        # What it saw in folders when it started was without the script's files.
        sys.path_importer_cache.clear()
    names = {"__name__": "__main__", "__file__": main}
    if IS_MICROPYTHON:
        names["print"] = log
    exec(compile(source, main, "exec"), names)
    app = names.get("app") or names.get("application")
    if not callable(app):
        raise TypeError("the script defines no WSGI application 'app'")
    return app


def decode_path(path):
    """Percent-decodes into a string of bytes, as WSGI has it."""
    parts = path.split("%")
    text = parts[0]
    for part in parts[1:]:
        text += chr(int(part[:2], 16)) + part[2:]
    return text


def environ_of(message, variables):
    environ = dict(variables)
    host = message["host"]
    name, port = host, "443" if message["scheme"] == "https" else "80"
    if ":" in host and not host.endswith("]"):
        name, port = host.rsplit(":", 1)
    environ.update({
        "REQUEST_METHOD": message["method"], "SCRIPT_NAME": decode_path(message["prefix"]),
        "PATH_INFO": decode_path(message["path"]), "QUERY_STRING": message["query"] or "",
        "SERVER_NAME": name, "SERVER_PORT": port, "SERVER_PROTOCOL": message["protocol"],
        "REMOTE_ADDR": message["address"], "REQUEST_ID": message["id"],
        "FUNCTION_NAME": message["function"], "FUNCTION_VERSION": str(message["version"]),
        "wsgi.version": (1, 0), "wsgi.url_scheme": message["scheme"], "wsgi.input": STDIN,
        "wsgi.errors": sys.stderr, "wsgi.multithread": False, "wsgi.multiprocess": True,
        "wsgi.run_once": True, "wsgi.input_terminated": True,
    })
    fields = message["headers"]
    for index in range(0, len(fields), 2):
        name, value = fields[index].upper().replace("-", "_"), fields[index + 1]
        # An underscore could pass for the hyphen of another field, and Proxy for a proxy setting.
        if "_" in fields[index] or name == "PROXY":
            continue
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = "HTTP_" + name
        if name in environ and name.startswith("HTTP_"):
            value = environ[name] + ("; " if name == "HTTP_COOKIE" else ", ") + value
        environ[name] = value
    return environ


class Answer:
    """What start_response() sets, and the response's way out."""

    def __init__(self):
        self.head = None
        self.is_sent = False

    def start_response(self, status, headers, exc_info=None):
        if exc_info and self.is_sent:
            raise exc_info[1]
        if self.head is not None and not exc_info:
            raise AssertionError("start_response() was called before")
        head = "Status: " + status + "\n"
        for name, value in headers:
            head += name + ": " + value + "\n"
        if "\r" in head or head.count("\n") != len(headers) + 1:
            raise ValueError("a header has a line break in it")
        self.head = bytes([ord(character) for character in head + "\n"])
        return self.write

    def write(self, data):
        if self.head is None:
            raise AssertionError("the application did not call start_response()")
        if isinstance(data, str):
            raise TypeError("the application gave text, and not bytes")
        if not self.is_sent:
            self.is_sent = True
            STDOUT.write(self.head)
        if data:
            STDOUT.write(data)
        flush()

    # Of few variables: see collect().
    def send(self, pieces):
        if pieces is None:
            raise TypeError("the application returned None, and not an iterable of bytes")
        count = 0
        for piece in pieces:
            if piece:
                self.write(piece)
            count += 1
            if IS_MICROPYTHON and count % COLLECTED_PIECES == 0:
                collect()
        self.write(b"")
        if hasattr(pieces, "close"):
            pieces.close()


def serve():
    try:
        message = read_message()
        variables = message["env"]
        app = load(message["main"])
    except BaseException as error:
        fail(error)
    # Everything up to here happens once: the state of this moment is where every request starts.
    message = read_message()
    if message is None:
        leave(0)
    try:
        random = sys.modules.get("random")
        if random is not None:
            random.seed(message["seed"][0])
        answer = Answer()
        answer.send(app(environ_of(message, variables), answer.start_response))
    except BaseException as error:
        fail(error)
    leave(0)


serve()
