"""RTP packets, and one outgoing stream of them without a break in its numbers (RFC 3550)."""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass
from typing import Final

FRAME: Final = 160  # samples: 20 ms of 8 kHz
_HEADER: Final = struct.Struct("!BBHII")


@dataclass(frozen=True)
class Packet:
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    is_marked: bool = False

    def to_bytes(self) -> bytes:
        second = self.payload_type | (0x80 if self.is_marked else 0)
        return _HEADER.pack(0x80, second, self.sequence, self.timestamp, self.ssrc) + self.payload


def parse(data: bytes) -> Packet | None:
    """None for what is not RTP version 2."""
    if len(data) < _HEADER.size or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    start = _HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:  # an extension: its length in words stands in its second half
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if start > end:
        return None
    return Packet(second & 0x7F, sequence, timestamp, ssrc, data[start:end], is_marked=bool(second & 0x80))


class Stream:
    """What one phone hears is one stream, whoever speaks: tones of ours and packets passed on follow each other."""

    def __init__(self) -> None:
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(31)
        # Whose packets the stream carries now, and what takes their times to ours.
        self._source: int | None = None
        self._offset = 0
        self._is_begun = False

    def make(self, payload: bytes, *, payload_type: int) -> Packet:
        """The next 20 ms of our own."""
        is_marked = not self._is_begun or self._source is not None
        self._source = None
        self._timestamp = self._timestamp + FRAME & 0xFFFFFFFF
        return self._number(payload, payload_type=payload_type, timestamp=self._timestamp, is_marked=is_marked)

    def carry(self, packet: Packet, *, payload: bytes, payload_type: int) -> Packet:
        """Somebody else's packet as the next of ours."""
        is_marked = packet.is_marked
        if self._source != packet.ssrc:
            is_marked = True
            self._source = packet.ssrc
            self._offset = self._timestamp + FRAME - packet.timestamp
        timestamp = packet.timestamp + self._offset & 0xFFFFFFFF
        if (timestamp - self._timestamp & 0xFFFFFFFF) < 0x80000000:  # a late one does not turn the clock back
            self._timestamp = timestamp
        return self._number(payload, payload_type=payload_type, timestamp=timestamp, is_marked=is_marked)

    def _number(self, payload: bytes, *, payload_type: int, timestamp: int, is_marked: bool) -> Packet:
        self._is_begun = True
        self._sequence = self._sequence + 1 & 0xFFFF
        return Packet(payload_type, self._sequence, timestamp, self._ssrc, payload, is_marked=is_marked)
