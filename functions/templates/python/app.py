"""A request calls `app`, as WSGI has it. What goes to `wsgi.errors` or standard error is the log."""


def app(environ, start_response):
    body = environ["wsgi.input"].read().decode()
    path = environ["SCRIPT_NAME"] + environ["PATH_INFO"]
    print(environ["REQUEST_METHOD"], path, file=environ["wsgi.errors"])

    name = body or "world"
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"Hello, {name}! Greetings from Python.\n".encode()]
