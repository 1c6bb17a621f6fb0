"""Imitates the part of WebHDFS that links use: FOLDER [plain]. A name node that sends clients to itself as the data node.
A plain one is a gateway that knows nothing of renaming over a file."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

ROOT = sys.argv[1]


class Node(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=None, headers=()):
        body = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, kind, words):
        self.answer(status, {"RemoteException": {"exception": kind, "message": words}})

    def status(self, path, suffix):
        kind = "DIRECTORY" if os.path.isdir(path) else "FILE"
        return {"pathSuffix": suffix, "type": kind, "length": os.path.getsize(path)}

    def chunks(self):
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def serve(self):
        parts = urlsplit(self.path)
        name = unquote(parts.path).removeprefix("/webhdfs/v1")
        path = ROOT + name
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        operation = query["op"]
        if query.get("user.name") != "loader":
            return self.refuse(401, "SecurityException", "who are you")
        if operation in ("OPEN", "CREATE") and "data" not in query:
            if operation == "OPEN" and not os.path.isfile(path):
                return self.refuse(404, "FileNotFoundException", "File does not exist: " + name)
            port = self.server.server_address[1]
            target = f"http://127.0.0.1:{port}{quote(unquote(parts.path))}?{parts.query}&data=1"
            return self.answer(307, headers=[("Location", target)])
        if operation == "CREATE":
            with open(path, "xb") as file:
                for piece in self.chunks():
                    file.write(piece)
                    file.flush()
            return self.answer(201)
        if operation == "RENAME":
            target = ROOT + query["destination"]
            if "plain" in sys.argv:
                done = os.path.exists(path) and not os.path.exists(target)
                if done:
                    os.rename(path, target)
                return self.answer(200, {"boolean": done})
            os.replace(path, target)
            return self.answer(200)
        if not os.path.exists(path):
            return self.refuse(404, "FileNotFoundException", "File does not exist: " + name)
        if operation == "OPEN":
            self.send_response(200)
            self.send_header("Content-Length", str(os.path.getsize(path)))
            self.end_headers()
            with open(path, "rb") as file:
                self.wfile.write(file.read())
        elif operation == "GETFILESTATUS":
            self.answer(200, {"FileStatus": self.status(path, "")})
        elif operation == "LISTSTATUS":
            found = [self.status(os.path.join(path, it), it) for it in os.listdir(path)]
            self.answer(200, {"FileStatuses": {"FileStatus": found}})
        elif operation == "DELETE":
            os.remove(path)
            self.answer(200, {"boolean": True})

    do_GET = do_PUT = do_DELETE = serve

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Node)
print(server.server_address[1], flush=True)
server.serve_forever()
