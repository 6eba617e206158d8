"""A checkout that fails once in a while: GET / is a checkout."""
import http.server
import random
import sys

counts = {"200": 0, "500": 0}


class Checkout(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        code, text = 200, "ok\n"
        if self.path == "/metrics":
            text = "# TYPE checkout_requests_total counter\n"
            for name, count in counts.items():
                text += f'checkout_requests_total{{code="{name}"}} {count}\n'
        elif self.path != "/ready":
            code = random.choices([200, 500], [999, 1])[0]
            counts[str(code)] += 1
        self.send_response(code)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(text.encode())


host, port = sys.argv[1].rsplit(":", 1)
http.server.ThreadingHTTPServer((host, int(port)), Checkout).serve_forever()
