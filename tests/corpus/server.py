"""The HTTP server that the cases of servers share: each brings what it does for a request."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Failed(Exception):
    """An error that the server answers with its status."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    """Asks a route for its answer; an error is answered, and forgotten."""

    protocol_version = "HTTP/1.1"
    routes = {}

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        try:
            answer = self.routes[self.path](self, body)
        except Failed as error:
            self.reply(error.status, str(error).encode())
        else:
            if answer is not None:
                self.reply(200, answer)

    do_POST = do_GET

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, chunks):
        """As long as the client is there."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *words):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass  # a client that went away


def serve(routes):
    """Answer requests for ever; a healthy server is one that answers /health."""
    Handler.routes = {"/health": lambda handler, body: b"ready", **routes}
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
