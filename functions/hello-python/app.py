# A function in Python, as a WSGI application: deploy this folder with
# 'roost deploy hello-python functions/hello-python'.


def app(environ, start_response):
    print("greeting", environ.get("REMOTE_ADDR"))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello from Python!\n"]
