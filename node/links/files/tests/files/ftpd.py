"""An FTP server for one user: PORT FOLDER [CERTIFICATE]. Says its port once it listens."""

import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import ThreadedFTPServer

folder = sys.argv[1]
handler = FTPHandler
if len(sys.argv) > 2:
    handler = TLS_FTPHandler
    handler.certfile = sys.argv[2]
    handler.tls_control_required = True
    handler.tls_data_required = True
handler.authorizer = DummyAuthorizer()
handler.authorizer.add_user("loader", "hunter2", folder, perm="elradfmw")
server = ThreadedFTPServer(("127.0.0.1", 0), handler)
print(server.address[1], flush=True)
server.serve_forever()
