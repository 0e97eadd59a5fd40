"""What it costs to compute the slots of a month for a thousand agents.

.venv/bin/python -m tests.benchmarks.slots [rounds]
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from handoff.callbacks.quiet import QuietHours
from handoff.callbacks.slots import Slot, Staff, Supply, compute_slots, find_slot
from handoff.callbacks.windows import Window
from handoff.staffing.opening import WEEKDAYS, Opening
from tests.benchmarks.machine import calibrate, quantile, table

NOW: Final = datetime(2027, 3, 14, 12, 34, 56, tzinfo=UTC)
AGENTS: Final = 1000
DAYS: Final = 30
BOOKINGS: Final = 5000
QUIET: Final = QuietHours("21:00", "08:00")
# Clocks in London go forward within the month that is looked at.
WORKDAYS: Final = Opening("Europe/London", dict.fromkeys(WEEKDAYS, ("08:00-20:00",)), ("2027-03-29",))
ROUNDS: Final = 101


def shifts(chance: random.Random) -> Staff:
    """A thousand agents begin and end a shift each day, at any quarter of an hour: about 5,000 steps."""
    steps: dict[datetime, int] = {}
    for day in range(-1, DAYS + 1):
        for _ in range(AGENTS):
            begins = NOW.replace(hour=0, minute=0, second=0) + timedelta(
                days=day, minutes=15 * chance.randrange(20, 60)
            )
            ends = begins + timedelta(hours=8)
            steps[begins] = steps.get(begins, 0) + 1
            steps[ends] = steps.get(ends, 0) - 1
    total, staff = 0, []
    for moment in sorted(steps):
        total += steps[moment]
        staff.append((moment, total))
    return staff


def bookings(slots: Sequence[Slot], chance: random.Random) -> list[datetime]:
    return [chance.choice(slots).starts_at for _ in range(BOOKINGS)]


def took(work: Callable[[], object], rounds: int) -> list[float]:
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        found.append((time.perf_counter() - started) * 1000)
    return found


def measure(name: str, supply: Supply, *, zone: str, rounds: int) -> tuple[str, ...]:
    chance = random.Random(1)

    def compute(booked: Sequence[datetime] = ()) -> list[Slot]:
        return compute_slots(supply, bookings=booked, now=NOW, zone=zone, quiet=QUIET, days=DAYS)

    slots = compute()
    booked = bookings(slots, chance)
    times = took(lambda: compute(booked), rounds)
    last = Window(slots[-1].starts_at, slots[-1].ends_at)
    found = took(lambda: find_slot(slots, last), rounds)
    return (
        name,
        f"{len(slots):,}",
        f"{sum(slot.left for slot in slots):,}",
        f"{statistics.median(times):.1f} ms",
        f"{quantile(times, 0.95):.1f} ms",
        f"{statistics.median(found) * 1000:.0f} us",
    )


def reference(rounds: int) -> float:
    """Writing as many slots as JSON, as whoever answers with them does."""
    rows = [{"starts_at": "2027-03-14T12:40:00.000Z", "left": number} for number in range(DAYS * 72)]
    return statistics.median(took(lambda: json.dumps(rows), rounds))


HEADS: Final = ("a month of", "slots", "to promise", "median", "p95", "find one")


def main(rounds: int) -> None:
    print(calibrate().line())
    print(f"{DAYS * 72:,} slots as JSON: {reference(rounds):.1f} ms.")
    staff = shifts(random.Random(1))
    print(f"{AGENTS:,} agents, {DAYS} days, {BOOKINGS:,} bookings, {len(staff):,} steps of shifts, {rounds} rounds:")
    rows = [
        measure("hours, a number of agents", Supply(WORKDAYS, AGENTS), zone="Europe/London", rounds=rounds),
        measure("hours, shifts", Supply(WORKDAYS, staff), zone="Europe/London", rounds=rounds),
        measure("always open, shifts", Supply(None, staff), zone="America/New_York", rounds=rounds),
    ]
    print(table(HEADS, rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
