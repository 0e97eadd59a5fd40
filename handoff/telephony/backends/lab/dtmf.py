"""Keys pressed, as phones tell them: RFC 4733 events within the audio, and SIP INFO beside it."""

from __future__ import annotations

import re
from collections import deque
from typing import Final

from handoff.telephony.backends.lab.rtp import Packet

KEYS: Final = "0123456789*#ABCD"
_SIGNAL: Final = re.compile(r"^\s*Signal\s*=\s*(?P<key>[0-9*#A-Da-d])\s*$", re.MULTILINE | re.IGNORECASE)
# One press comes as a dozen packets and its end three times; a late one must not count as a new press.
_REMEMBERED: Final = 16


class Events:
    """Which packets of telephone events begin a new press: all those of one press carry the time of its start."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)

    def read(self, packet: Packet) -> str:
        """The key, once a press; "" for more of the same press and for what is no key."""
        if len(packet.payload) < 4 or packet.payload[0] >= len(KEYS):
            return ""
        press = (packet.ssrc, packet.timestamp)
        if press in self._seen:
            return ""
        self._seen.append(press)
        return KEYS[packet.payload[0]]


def read_info(content_type: str, *, body: bytes) -> str | None:
    """The key in an INFO request; None if it speaks of something else."""
    kind = content_type.partition(";")[0].strip().lower()
    text = body.decode(errors="replace")
    if kind == "application/dtmf-relay":
        found = _SIGNAL.search(text)
        return found["key"].upper() if found else None
    if kind == "application/dtmf" and len(text.strip()) == 1 and text.strip().upper() in KEYS:
        return text.strip().upper()
    return None
