"""The whole table of the benchmarks in one command: each figure beside what it must and what it should reach."""

from __future__ import annotations

import argparse
import importlib
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

from tests.benchmarks.figures import Failure, Figure, Options, markdown
from tests.benchmarks.machine import calibrate, description

# A row's name, and the function that measures it: with its server, database and load started and ended by itself.
ROWS: Final = {
    "relays": "tests.benchmarks.relays.rows",
    "daphne": "tests.benchmarks.relays.daphne_rows",
    "pair": "tests.benchmarks.pair.rows",
    "chats": "tests.benchmarks.chats.rows",
    "senders": "tests.benchmarks.chats.sender_rows",
    "idle": "tests.benchmarks.idle.rows",
    "opening": "tests.benchmarks.opening.rows",
    "matching": "tests.benchmarks.matching.rows",
    "resume": "tests.benchmarks.resume.rows",
}
# Longer than any of them takes on an idle machine; what hangs must not keep the others from being measured.
ROW_SECONDS: Final = 900


def measure(name: str, options: Options) -> list[Figure | Failure]:
    """One row's figures, or why there are none."""
    started = time.perf_counter()
    try:
        module, _, function = ROWS[name].rpartition(".")
        rows: Callable[[Options], list[Figure]] = getattr(importlib.import_module(module), function)
        with _bounded(ROW_SECONDS):
            found: list[Figure | Failure] = list(rows(options))
    except (Exception, SystemExit) as error:
        # A wrong answer ends a row, not those after it.
        found = [Failure(name, f"{type(error).__name__}: {str(error)[-300:]}".replace("\n", " "))]
    print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)
    print("\n".join(" | ".join(figure.row()) for figure in found), flush=True)
    return found


@contextmanager
def _bounded(seconds: int) -> Iterator[None]:
    """Raises TimeoutError in the block, which then ends its servers."""

    def give_up(*_: object) -> NoReturn:
        raise TimeoutError(f"it took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rows", nargs="+", default=list(ROWS), choices=list(ROWS), metavar="ROW", help=", ".join(ROWS)
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4, help="of load in one round")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the people and entries of a full run")
    asked = parser.parse_args()
    options = Options(rounds=asked.rounds, seconds=asked.seconds, scale=asked.scale)
    print(description(), calibrate().line(), sep="\n", flush=True)
    figures = [figure for name in asked.rows for figure in measure(name, options)]
    print("\n" + markdown(figures))
    raise SystemExit(1 if any(isinstance(figure, Failure) for figure in figures) else 0)


if __name__ == "__main__":
    main()
