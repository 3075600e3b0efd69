"""What ``engine.py`` does, behind HTTP."""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

import engine

ENGINE = engine.load("cuda")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            {"/health": bool, "/infer": ENGINE.infer, "/fail": ENGINE.fail}[self.path]()
        except RuntimeError as error:
            self.reply(503, str(error))
        else:
            self.reply(200, "ok")

    def reply(self, status, words):
        self.send_response(status)
        self.send_header("Content-Length", str(len(words)))
        self.end_headers()
        self.wfile.write(words.encode())

    def log_message(self, *words):
        pass


HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
