"""Tones made and measured, so that a test can say who heard whom."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from itertools import pairwise

RATE = 8000
FRAME = 160
# Below this mean square there is nothing to be heard.
_AUDIBLE = 10_000.0


def encode_mu(sample: int) -> int:
    """G.711 mu-law, by the segments of the standard."""
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, 32635) + 132
    segment = max(magnitude >> 7, 1).bit_length() - 1
    return (sign | segment << 4 | magnitude >> segment + 3 & 15) ^ 0xFF


def decode_mu(byte: int) -> int:
    byte ^= 0xFF
    magnitude = ((byte & 15) * 8 + 132 << (byte >> 4 & 7)) - 132
    return -magnitude if byte & 0x80 else magnitude


def decode_a(byte: int) -> int:
    byte ^= 0x55
    segment, step = byte >> 4 & 7, (byte & 15) * 16
    magnitude = step + 8 if segment == 0 else step + 264 << segment - 1
    return magnitude if byte & 0x80 else -magnitude


_DECODED = {0: [decode_mu(byte) for byte in range(256)], 8: [decode_a(byte) for byte in range(256)]}


def decode(payload: bytes, *, payload_type: int) -> list[int]:
    table = _DECODED[payload_type]
    return [table[byte] for byte in payload]


def make_frames(hertz: int, *, amplitude: int = 8000) -> list[bytes]:
    """One second of a tone in frames of 20 ms of mu-law."""
    samples = [round(amplitude * math.sin(2 * math.pi * hertz * place / RATE)) for place in range(RATE)]
    data = bytes(encode_mu(sample) for sample in samples)
    return [data[start : start + FRAME] for start in range(0, RATE, FRAME)]


def is_audible(samples: list[int]) -> bool:
    return bool(samples) and sum(sample * sample for sample in samples) / len(samples) >= _AUDIBLE


def measure(samples: list[int], *, hertz: float) -> float:
    """The share of all power that lies at this frequency, 0 to 1 (Goertzel); 0 if it is too quiet to be heard."""
    if not is_audible(samples):
        return 0.0
    total = sum(sample * sample for sample in samples)
    coefficient = 2 * math.cos(2 * math.pi * hertz / RATE)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    power = before * before + last * last - coefficient * before * last
    return min(2 * power / (len(samples) * total), 1.0)


class Recording:
    """What a phone heard, with the time of each packet; the last minute of it."""

    def __init__(self) -> None:
        self._packets: deque[tuple[float, list[int]]] = deque(maxlen=3000)
        self._lock = threading.Lock()
        self.first_at: float | None = None

    def add(self, payload: bytes, *, payload_type: int) -> None:
        now = time.monotonic()
        with self._lock:
            self.first_at = self.first_at or now
            self._packets.append((now, decode(payload, payload_type=payload_type)))

    def measure(self, hertz: float, *, since: float = 0.0, seconds: float = 0.3) -> float:
        """The share of this tone in the last `seconds` of what came after `since`, its silent packets left out."""
        with self._lock:
            start = max(since, time.monotonic() - seconds)
            packets = [packet for at, packet in self._packets if at >= start and is_audible(packet)]
        samples = [sample for packet in packets for sample in packet]
        return measure(samples, hertz=hertz) if len(samples) >= 4 * FRAME else 0.0

    def find_first(self, hertz: float) -> float | None:
        """When this tone was first heard: the first two packets in a row that hold little else."""
        with self._lock:
            packets = list(self._packets)
        for (_, one), (at, two) in pairwise(packets):
            if measure(one + two, hertz=hertz) > 0.8:
                return at
        return None
