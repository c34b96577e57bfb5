"""Answers every payment alike and counts requests, with nothing but Python's standard library. What it counts, and what it does not, is for you to mend."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

requests = {}


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/ready":
            self.answer(200, b"ready\n")
        elif self.path == "/metrics":
            lines = [f'requests_total{{path="{path}"}} {count}' for path, count in requests.items()]
            self.answer(200, ("\n".join(lines) + "\n").encode())
        else:
            self.answer(404, b"{}")

    def do_POST(self):
        requests[self.path] = requests.get(self.path, 0) + 1
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        answer = {"request_id": body.get("request_id"), "prediction": False, "score": 0.1, "decision": "approve"}
        self.answer(200, json.dumps(answer).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["LAB_PORT"])), Service).serve_forever()
