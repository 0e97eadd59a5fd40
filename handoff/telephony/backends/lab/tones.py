"""What the lab says: it has no speech, so each thing is a pattern of tones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from handoff.telephony.backends.lab.g711 import RATE, Law, encode
from handoff.telephony.backends.lab.rtp import FRAME


@dataclass(frozen=True)
class Step:
    """Sines sounding together; none is a pause."""

    seconds: float
    hertz: tuple[int, ...] = ()


@dataclass(frozen=True)
class Tone:
    steps: tuple[Step, ...]
    is_endless: bool = False
    # Of full scale, shared by the sines of a step.
    level: float = 0.25


# 440 and 880 Hz are left free: they are what tests speak with.
SILENCE: Final = Tone((Step(0.02),), is_endless=True)
PROMPT: Final = Tone((Step(0.12, (620,)), Step(0.12, (930,))))
AGAIN: Final = Tone((Step(0.14, (250,)), Step(0.1)) * 3)
HOLD: Final = Tone((Step(0.3, (330,)), Step(1.7)), is_endless=True, level=0.06)
READY: Final = Tone((Step(0.2, (1000,)),))
RINGBACK: Final = Tone((Step(1.0, (425,)), Step(4.0)), is_endless=True, level=0.12)
GOODBYE: Final = Tone((Step(0.14, (520,)), Step(0.06), Step(0.14, (390,)), Step(0.06), Step(0.2, (290,))))


@lru_cache(maxsize=64)
def render(tone: Tone, *, law: Law) -> tuple[bytes, ...]:
    """Frames of 20 ms; the last is filled up with silence."""
    samples: list[int] = []
    for step in tone.steps:
        loudness = 32767 * tone.level / max(len(step.hertz), 1)
        for place in range(round(step.seconds * RATE)):
            waves = sum(math.sin(2 * math.pi * hertz * place / RATE) for hertz in step.hertz)
            samples.append(round(loudness * waves))
    samples += [0] * (-len(samples) % FRAME)
    data = encode(samples, law=law)
    return tuple(data[start : start + FRAME] for start in range(0, len(data), FRAME))
