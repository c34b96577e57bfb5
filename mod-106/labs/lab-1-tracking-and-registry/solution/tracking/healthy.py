"""Says by its exit code whether the server behind the socket answers /health; for the container's health check."""

import os
import socket
import sys

with socket.socket(socket.AF_UNIX) as connection:
    connection.settimeout(4)
    try:
        connection.connect(os.environ["TRACKING_BIND"].removeprefix("unix:"))
        connection.sendall(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
        sys.exit(None if b" 200 " in connection.recv(64) else "not healthy")
    except OSError as error:
        sys.exit(str(error))
