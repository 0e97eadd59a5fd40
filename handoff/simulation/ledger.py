"""What came of a simulation: outcomes, waits, messages and errors, and whether anything failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

# What two people who act at once are told, and what a full or closed line says: part of an ordinary day.
EXPECTED: Final = frozenset(
    {"offer_gone", "handoff_closed", "illegal_transition", "stale_version", "channel_closed", "channel_full"}
)
# Told to come again later, and did.
WAITED: Final = frozenset({"rate_limited", "not_ready", "not_saved"})


@dataclass
class Ledger:
    """Filled by everybody who takes part."""

    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    sent: int = 0
    acked: int = 0
    resent: int = 0
    lost: int = 0
    doubled: int = 0
    reconnects: int = 0
    surveys: int = 0
    transfers: int = 0
    left_open: int = 0
    crashes: list[str] = field(default_factory=list)

    @property
    def unexpected(self) -> Counter[str]:
        return Counter({code: times for code, times in self.errors.items() if code not in EXPECTED | WAITED})

    @property
    def has_failed(self) -> bool:
        trouble = self.lost or self.doubled or self.left_open or self.sent != self.acked
        return bool(trouble or self.crashes or self.unexpected)

    def table(self) -> str:
        """For a person, with the failures last."""
        rows = [(f"handoffs {outcome}", str(times)) for outcome, times in self.outcomes.most_common()]
        rows += [("waits: half below, nine in ten below, longest", _told(self.waits))]
        rows += [
            (name, str(getattr(self, name)))
            for name in ("transfers", "reconnects", "surveys", "sent", "acked", "resent", "lost", "doubled")
        ]
        rows += [("left open", str(self.left_open))]
        rows += [(f"error {code}{self._remark(code)}", str(times)) for code, times in self.errors.most_common()]
        width = max(len(name) for name, _ in rows)
        lines = [f"{name:<{width}}  {value}" for name, value in rows]
        lines += [f"failed: {crash}" for crash in self.crashes]
        return "\n".join([*lines, "Something failed." if self.has_failed else "Nothing failed."])

    def _remark(self, code: str) -> str:
        if code in WAITED:
            return " (waited, and came again)"
        return " (as it happens)" if code in EXPECTED else " (unexpected)"


def _told(waits: list[float]) -> str:
    if not waits:
        return "nobody was answered"
    ordered = sorted(waits)
    return ", ".join(f"{ordered[round(share * (len(ordered) - 1))]:.1f} s" for share in (0.5, 0.9, 1))
