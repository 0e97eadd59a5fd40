"""How likely it is that somebody who dials and keys numbers at random meets a live code: computed, and tried.

    python -m tests.benchmarks.guessing

A guess worth making has the right check digit, so there are 10**7 of them. A site stops matching codes alone after 60
wrong ones in an hour (`calls.actions.BREAKER_LIMIT`), so an hour holds 60 guesses. With n live codes the chance that
at least one of them meets a code is 1 - (1 - n / 10**7) ** 60.
"""

from __future__ import annotations

import random

from handoff.calls.codes import SPACE, check_digit, derive, is_well_formed

GUESSES_AN_HOUR = 60
LIVE_CODES = (1, 10, 100, 1_000, 10_000)
HOURS_TRIED = 20_000


def computed(live: int, *, guesses: int = GUESSES_AN_HOUR) -> float:
    return 1 - (1 - live / SPACE) ** guesses


def tried(live: int, *, hours: int, seed: int = 7) -> float:
    """The share of hours with a hit, against codes as the product makes them."""
    chance = random.Random(seed)
    codes = {derive(f"ho_{number}", 1, secret="a secret of this run alone") for number in range(live)}
    hits = sum(any(_guess(chance) in codes for _ in range(GUESSES_AN_HOUR)) for _ in range(hours))
    return hits / hours


def _guess(chance: random.Random) -> str:
    body = f"{chance.randrange(SPACE):07d}"
    code = body + check_digit(body)
    assert is_well_formed(code)
    return code


def main() -> None:
    print("live codes   a match an hour   one in so many hours   a match in a year of guessing all day")
    for live in LIVE_CODES:
        hour = computed(live)
        year = computed(live, guesses=GUESSES_AN_HOUR * 24 * 365)
        print(f"{live:>10}   {hour:>15.2e}   {1 / hour:>20,.0f}   {year:>38.1%}")
    live = LIVE_CODES[-1]
    print(f"tried, {live} live codes, {HOURS_TRIED} hours: {tried(live, hours=HOURS_TRIED):.2e}")


if __name__ == "__main__":
    main()
