"""A request calls `app`, as WSGI has it. What goes to `wsgi.errors` or standard error is the log."""


def app(environ, start_response):
    body = environ["wsgi.input"].read().decode()
    print(environ["REQUEST_METHOD"], environ["PATH_INFO"], file=environ["wsgi.errors"])

    name = body or "world"
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"Hello, {name}! Greetings from Python.\n".encode()]
