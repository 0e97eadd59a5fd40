"""What is remembered of talks: a message is judged by it, and written if the database says that it still holds.

So most batches are one exchange, and a stream is locked no longer than the database itself needs. Where something has
changed nothing was written, and the batch is judged by what is so now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from handoff.conversations import judging
from handoff.conversations.judging import Answer, Send, Speaker
from handoff.realtime import engines, log
from handoff.realtime.delivery import Delivered
from handoff.realtime.engines import Append, StreamRow
from handoff.realtime.log import Entry, Outcome, Status
from handoff.realtime.pipeline import Row, Statement

# Some hundred bytes each; who is forgotten costs a look.
TALKS_LIMIT: Final = 20_000
_APPEND: Final = engines.appending_if(judging.STILL_SO)


class Talk(msgspec.Struct, frozen=True):
    """A handoff as it was when it was last looked at."""

    stream_id: int
    speaker: Speaker


@dataclass
class Memory:
    """One a lane; by the handoffs' public ids."""

    _talks: dict[str, Talk] = field(default_factory=dict)

    def get(self, handoff_id: str) -> Talk | None:
        return self._talks.get(handoff_id)

    def learn(self, handoff_id: str, row: StreamRow, speaker: Speaker) -> None:
        """The one that was learned first is forgotten for it, if there are too many."""
        if row.sealed:
            self.forget(handoff_id)
            return
        self._talks[handoff_id] = Talk(row.id, speaker)
        if len(self._talks) > TALKS_LIMIT:
            del self._talks[next(iter(self._talks))]

    def forget(self, handoff_id: str) -> None:
        self._talks.pop(handoff_id, None)


class _Part(msgspec.Struct):
    """What a batch has for one talk: places in the batch, and an entry for each."""

    talk: Talk
    places: list[int] = []
    entries: list[Entry] = []


class Supposition:
    """One batch as it would be judged by what is remembered."""

    def __init__(self, sends: Sequence[Send], memory: Memory) -> None:
        self._memory = memory
        self._parts: dict[str, _Part] = {}
        twice = {key for key, count in Counter(send.key for send in sends).items() if count > 1}
        # Once a message of a talk has to be looked at, so have those beside it: their order is kept.
        doubtful: set[str] = set()
        for place, send in enumerate(sends):
            if send.handoff_id not in doubtful and (send.key in twice or not self._accept(place, send)):
                doubtful.add(send.handoff_id)
                self._parts.pop(send.handoff_id, None)

    def _accept(self, place: int, send: Send) -> bool:
        part = self._parts.get(send.handoff_id)
        if part is None:
            talk = self._memory.get(send.handoff_id)
            if talk is None:
                return False
            part = self._parts[send.handoff_id] = _Part(talk)
        speaker = part.talk.speaker
        if judging.is_guest(send, speaker):
            return False
        before = len(part.entries)
        judging.judge(send, speaker, find=_find_nothing, take=lambda entry: _collect(entry, part.entries))
        if len(part.entries) == before:
            return False
        part.places.append(place)
        return True

    def statements(self) -> list[Statement]:
        """The exchange that writes it; none if nothing is remembered."""
        appends = [
            Append(
                part.entries[0].stream,
                part.talk.stream_id,
                part.entries,
                judging.as_supposed(handoff_id, part.talk.speaker),
            )
            for handoff_id, part in self._parts.items()
        ]
        return engines.piped_append(_APPEND, appends) if appends else []

    def settle(self, rows: Sequence[Sequence[Row]], answers: list[Answer | None]) -> list[Delivered]:
        """Fill in the answers of what was written; answers what its readers are to be told."""
        places, delivered = engines.read_places(rows), list[Delivered]()
        for handoff_id, part in self._parts.items():
            place = places.get(part.talk.stream_id)
            if place is None:
                self._memory.forget(handoff_id)
                continue
            for index, (outcome, told) in zip(part.places, log.placed(part.entries, place), strict=True):
                answers[index] = outcome
                delivered.append(told)
        return delivered


def _find_nothing(_: Entry) -> None:
    """What is refused has to be looked at anyway."""


def _collect(entry: Entry, entries: list[Entry]) -> Outcome:
    entries.append(entry)
    return Outcome(Status.STORED)
