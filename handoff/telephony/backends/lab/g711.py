"""G.711: 16-bit samples as mu-law and A-law bytes, and one law as the other."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

RATE: Final = 8000
_BIAS: Final = 0x84
_LARGEST: Final = 32635


class Law(IntEnum):
    """By its static RTP payload type (RFC 3551)."""

    MU = 0
    A = 8


def _encode_mu(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _LARGEST) + _BIAS
    exponent = magnitude.bit_length() - 8
    mantissa = magnitude >> (exponent + 3) & 0x0F
    return ~(sign | exponent << 4 | mantissa) & 0xFF


def _decode_mu(byte: int) -> int:
    bits = ~byte & 0xFF
    magnitude = (((bits & 0x0F) << 3) + _BIAS << (bits >> 4 & 7)) - _BIAS
    return -magnitude if bits & 0x80 else magnitude


def _encode_a(sample: int) -> int:
    """The even bits are turned over, so that silence is not a row of zeros."""
    mask = 0xD5 if sample >= 0 else 0x55
    magnitude = (sample if sample >= 0 else ~sample) >> 3
    exponent = max(magnitude.bit_length() - 5, 0)
    mantissa = magnitude >> max(exponent, 1) & 0x0F
    return (exponent << 4 | mantissa) ^ mask


def _decode_a(byte: int) -> int:
    bits = byte ^ 0x55
    exponent = bits >> 4 & 7
    magnitude = ((bits & 0x0F) << 4) + (0x108 if exponent else 0x08)
    magnitude <<= max(exponent - 1, 0)
    return magnitude if bits & 0x80 else -magnitude


_ENCODE: Final = {Law.MU: _encode_mu, Law.A: _encode_a}
_SAMPLES: Final = {
    Law.MU: [_decode_mu(byte) for byte in range(256)],
    Law.A: [_decode_a(byte) for byte in range(256)],
}
_TRANSLATION: Final = {
    (source, target): bytes(_ENCODE[target](sample) for sample in _SAMPLES[source]) for source in Law for target in Law
}


def encode(samples: Iterable[int], *, law: Law) -> bytes:
    """Samples beyond 16 bits are cut."""
    one = _ENCODE[law]
    return bytes(one(max(-32768, min(32767, sample))) for sample in samples)


def decode(data: bytes, *, law: Law) -> list[int]:
    table = _SAMPLES[law]
    return [table[byte] for byte in data]


def translate(data: bytes, *, source: Law, target: Law) -> bytes:
    return data if source is target else data.translate(_TRANSLATION[source, target])
