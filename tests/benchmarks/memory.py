"""How much memory each part of a machine holds, and how that went."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

EACH_SECONDS: Final = 5.0
# What a process takes as it warms up is not growth.
WARM_SECONDS: Final = 60.0
_PSS: Final = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def mib_of_tree(pid: int) -> float:
    """With its children; what they share is counted once. 0 for one that has gone."""
    return sum(_kib(one) for one in _tree(pid)) / 1024


def _tree(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in children:
        yield from _tree(child)


def _kib(pid: int) -> int:
    try:
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) if found else 0


@dataclass
class Life:
    """One process from its first sample to its last."""

    pid: int
    began: float
    samples: list[tuple[float, float]] = field(default_factory=list)

    @property
    def warm(self) -> float:
        """A minute after its start, or at the end of a life that was shorter."""
        later = [mib for moment, mib in self.samples if moment - self.began >= WARM_SECONDS]
        return later[0] if later else self.last

    @property
    def last(self) -> float:
        return self.samples[-1][1]

    @property
    def seconds(self) -> float:
        return self.samples[-1][0] - self.began


class Watch:
    """`with Watch(pids) as watch`: a sample of everything every few seconds, from a thread of its own."""

    def __init__(self, pids: Callable[[], Mapping[str, int]]) -> None:
        self._pids = pids
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.lives: dict[str, list[Life]] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._sample()
            if self._ended.wait(EACH_SECONDS):
                return

    def _sample(self) -> None:
        now = time.monotonic()
        for name, pid in self._pids().items():
            lives = self.lives.setdefault(name, [])
            if not lives or lives[-1].pid != pid:
                lives.append(Life(pid, now))
            if mib := mib_of_tree(pid):
                lives[-1].samples.append((now, mib))
        for name, lives in self.lives.items():
            self.lives[name] = [life for life in lives if life.samples or life is lives[-1]]
