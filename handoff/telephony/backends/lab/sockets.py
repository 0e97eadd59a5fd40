"""UDP on loopback within the event loop: what cannot be sent is lost, as on any wire."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from typing import Final

HOST: Final = "127.0.0.1"
Address = tuple[str, int]
Receive = Callable[[bytes, Address], None]

_log = logging.getLogger(__name__)
# So that a flood on one socket does not keep the loop from the others.
_AT_ONCE: Final = 32
_RECEIVE_BUFFER: Final = 1 << 20


class UdpSocket:
    """One bound port whose datagrams go to `receive`. Made and closed on the event loop. Raises OSError."""

    def __init__(self, port: int, *, receive: Receive, is_even: bool = False) -> None:
        self._receive = receive
        self._socket = _bind_even() if is_even else _bind(port)
        self.address: Address = (HOST, self._socket.getsockname()[1])
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)

    def send(self, data: bytes, *, to: Address) -> None:
        with contextlib.suppress(OSError, OverflowError):
            self._socket.sendto(data, to)

    def close(self) -> None:
        if self._socket.fileno() != -1:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _read(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                data, source = self._socket.recvfrom(65535)
            except OSError:  # nothing more, or closed by what the last one brought about
                return
            try:
                self._receive(data, source)
            except Exception:
                # One bad datagram may not take the line down for everybody else.
                _log.exception("lab: a datagram could not be dealt with")


def _bind(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        made.bind((HOST, port))
    except OSError:
        made.close()
        raise
    return made


def _bind_even() -> socket.socket:
    """An even port: phones send their RTCP to the next one, which must not be somebody else's audio."""
    while True:
        made = _bind(0)
        if made.getsockname()[1] % 2 == 0:
            return made
        made.close()
