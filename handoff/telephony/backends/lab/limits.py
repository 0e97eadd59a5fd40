"""How long the lab waits for people, and how much it keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    first_digit_seconds: float = 10.0
    next_digit_seconds: float = 5.0
    agent_ring_seconds: float = 30.0
    # A caller whom nobody decides about rings this long.
    undecided_seconds: float = 120.0
    # Beyond this many at once callers hear busy.
    calls: int = 500
    # What has ended can be looked up so long, and so many of them.
    kept_seconds: float = 3600.0
    kept_calls: int = 2000
