"""A customer's way to the network, which a test may cut as a train in a tunnel would."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Final

CHUNK: Final = 65_536


class Network:
    """An HTTP proxy. While it is cut, what is open breaks and nothing new gets through."""

    def __init__(self) -> None:
        self.is_cut = False
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self.is_cut = True
        for one in list(self._open):
            shut(one)

    def mend(self) -> None:
        self.is_cut = False

    def close(self) -> None:
        shut(self._listener)
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            head, rest = read_head(client)
            method, target, version = head[0].split(" ")
            host, _, path = target.removeprefix("http://").partition("/")
            if self.is_cut:
                raise ConnectionError
            upstream = socket.create_connection((host.rpartition(":")[0], int(host.rpartition(":")[2])))
            self._open |= {client, upstream}
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                # One request a connection: the next one of the browser's may be for another host.
                lines = [line for line in head[1:] if not line.lower().startswith(("connection:", "proxy-"))]
                request = [f"{method} /{path} {version}", *lines, "Connection: close", "", ""]
                upstream.sendall("\r\n".join(request).encode("latin-1"))
            upstream.sendall(rest)
            threading.Thread(target=self._pipe, args=(client, upstream), daemon=True).start()
            self._pipe(upstream, client)
        shut(client)

    def _pipe(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                sink.sendall(data)
        for one in (source, sink):
            self._open.discard(one)
            shut(one)


def read_head(client: socket.socket) -> tuple[list[str], bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := client.recv(CHUNK)):
            raise ValueError("no request")
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.decode("latin-1").split("\r\n"), rest


def shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
