"""Judges a history: which promise it breaks, and the shortest part of it that still does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from tests.faults.history import History, Record, lines

SHOWN: Final = 3
# Entries of a log that are shown around the one that is wrong.
NEAR: Final = 2
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Violation:
    """One broken promise; `subject` is what it is about (a client id, a stream, an offer), `seqs` where to look."""

    rule: str
    subject: str
    says: str
    seqs: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.rule, self.subject


Rule = Callable[[History], Iterable[Violation]]


def check(history: History, rules: Sequence[Rule] | None = None) -> list[Violation]:
    """Every broken promise; none is what one hopes for."""
    return [violation for rule in rules or every_rule() for violation in rule(history)]


def every_rule() -> list[Rule]:
    from tests.faults import rules_of_messages, rules_of_offers

    return [*rules_of_messages.RULES, *rules_of_offers.RULES]


def assert_kept(history: History, rules: Sequence[Rule] | None = None) -> None:
    """Raises AssertionError with the shortest history that breaks each of the first broken promises."""
    broken = check(history, rules)
    if broken:
        shown = "\n\n".join(explain(history, violation, rules) for violation in one_a_rule(broken))
        raise AssertionError(f"{len(broken)} broken promises in {len(history)} records\n\n{shown}")


def one_a_rule(broken: Sequence[Violation]) -> list[Violation]:
    first: dict[str, Violation] = {}
    for violation in broken:
        first.setdefault(violation.rule, violation)
    return list(first.values())[:SHOWN]


def explain(history: History, violation: Violation, rules: Sequence[Rule] | None = None) -> str:
    records = [_cut(record, violation) for record in shortest(history, violation, rules)]
    return f"{violation.rule}: {violation.says}\n{lines(records)}"


def shortest(history: History, violation: Violation, rules: Sequence[Rule] | None = None) -> list[Record]:
    """The fewest records found that break the same promise about the same thing."""
    rule = _rule_of(history, violation, rules)
    if rule is None:
        return []

    def breaks(records: list[Record]) -> bool:
        part = History()
        part.records = records
        return any(found.key == violation.key for found in rule(part))

    records = [record for record in history if _mentions(record, violation.subject)]
    if not breaks(records):
        # What it is about is named elsewhere only: an offer's handoff, for one.
        records = list(history.records)
    return _reduced(records, breaks)


def _rule_of(history: History, violation: Violation, rules: Sequence[Rule] | None) -> Rule | None:
    for rule in rules or every_rule():
        if any(found.key == violation.key for found in rule(history)):
            return rule
    return None


def _mentions(record: Record, subject: str) -> bool:
    return subject.encode() in _encode(record)


def _reduced(records: list[Record], breaks: Callable[[list[Record]], bool]) -> list[Record]:
    """Leave out halves, quarters, ... single records, as long as it stays broken."""
    size = max(1, len(records) // 2)
    while True:
        for start in _starts(len(records), size):
            without = records[:start] + records[start + size :]
            if len(without) < len(records) and breaks(without):
                records = without
        if size == 1:
            return records
        size = max(1, size // 2)


def _starts(count: int, size: int) -> Iterator[int]:
    """From the end, so that earlier positions stay what they were."""
    yield from range((count - 1) // size * size, -1, -size) if count else ()


def _cut(record: Record, violation: Violation) -> Record:
    """Of a whole log only what lies near the entry in question."""
    cut = dict(record)
    for name, place in (("entries", 0), ("timeline", 1)):
        if name in cut:
            cut[name] = [entry for entry in cut[name] if any(abs(entry[place] - seq) <= NEAR for seq in violation.seqs)]
    return cut
