"""ClamAV's daemon as a scanner: `HANDOFF_ATTACHMENT_SCANNER=handoff.attachments.clamd.scan`."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import IO, Final

from django.conf import settings

from handoff.attachments.scanning import ScanFailed, Verdict
from handoff.attachments.storage import read_in_parts

UNIX: Final = "unix:"
ANSWER_BYTES: Final = 4096
CONNECT_SECONDS: Final = 3
# Asks for the answer's end by NUL; the file follows in chunks, each behind its length, and ends with an empty one.
_INSTREAM: Final = b"zINSTREAM\0"
_LENGTH: Final = struct.Struct("!I")


def scan(file: IO[bytes]) -> Verdict:
    """Over the daemon's own socket. Raises ScanFailed or OSError if it gives no verdict."""
    with _connect(settings.HANDOFF_CLAMD_ADDRESS) as line:
        line.settimeout(settings.HANDOFF_SECONDS["ATTACHMENT_SCAN"])
        # It hangs up on what is larger than its own limit (StreamMaxLength), and may have said so.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            _send(line, file)
        return _read_verdict(_answer(line))


def _send(line: socket.socket, file: IO[bytes]) -> None:
    line.sendall(_INSTREAM)
    for part in read_in_parts(file):
        line.sendall(_LENGTH.pack(len(part)) + part)
    line.sendall(_LENGTH.pack(0))


def _answer(line: socket.socket) -> str:
    answer = b""
    while b"\0" not in answer and len(answer) < ANSWER_BYTES:
        part = line.recv(ANSWER_BYTES)
        if not part:
            break
        answer += part
    return answer.partition(b"\0")[0].decode(errors="replace").strip()


def _read_verdict(answer: str) -> Verdict:
    if answer == "stream: OK":
        return Verdict(is_clean=True)
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        return Verdict(is_clean=False, found=answer[len("stream: ") : -len(" FOUND")])
    raise ScanFailed(f"clamd said {answer[:200]!r}")


def _connect(address: str) -> socket.socket:
    """`unix:/run/clamav/clamd.ctl` or `127.0.0.1:3310`."""
    if address.startswith(UNIX):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(CONNECT_SECONDS)
        try:
            line.connect(address.removeprefix(UNIX))
        except OSError:
            line.close()
            raise
        return line
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS)
