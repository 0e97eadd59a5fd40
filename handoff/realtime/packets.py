"""What a server puts around a text on its way to a WebSocket client: RFC 6455, 5.2."""

from __future__ import annotations

from typing import Final

# FIN and the opcode of a text.
_TEXT: Final = 0x81
_SHORT: Final = 126


def pack(payload: bytes) -> bytes:
    """A server's text frame, the same bytes for every reader."""
    size = len(payload)
    if size < _SHORT:
        return bytes((_TEXT, size)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
