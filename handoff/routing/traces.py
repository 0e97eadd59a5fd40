"""Why this agent, why now, why not the others: a decision of the router in lines a person can read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from handoff.routing.matching import Candidate, Waiting

LINES_LIMIT: Final = 12
# What is left of them when the other lines are as many as they can be.
_PASSED_LIMIT: Final = 3


@dataclass(frozen=True)
class Choice:
    """One decision: of the `number` who could take it the chosen and the next best; who could not, the first by name;
    who was passed over before it, by reason."""

    order: Sequence[Candidate]
    number: int
    refused: Mapping[str, str]
    unnamed: int
    passed: Counter[str]
    is_return: bool


def explain(one: Waiting, choice: Choice, *, now: datetime) -> list[str]:
    lines = [f"Queue {one.queue_name}, by intent {one.intent_label}", _wait(one, choice, now)]
    if one.skills:
        lines.append(_needs(one.skills, choice))
    lines.append(_why(one, choice, now))
    lines += _shortened(_passed(choice.passed), _PASSED_LIMIT)
    refused = [f"Not {name}: {reason}" for name, reason in choice.refused.items()]
    return lines + _shortened(refused, LINES_LIMIT - len(lines), unnamed=choice.unnamed)


def _wait(one: Waiting, choice: Choice, now: datetime) -> str:
    head_start = round((one.enqueued_at - one.ranked_at).total_seconds() / 60)
    ahead = sum(choice.passed.values())
    return (
        f"Waited {_minutes(one.enqueued_at, now)}"
        + (f", with {head_start} minutes' head start" if head_start else "")
        + (f"; {ahead} ahead of it passed over" if ahead else "; first in its line")
    )


def _needs(skills: Iterable[str], choice: Choice) -> str:
    chosen = choice.order[0]
    levels = [f"{skill} (level {chosen.skills[skill]})" for skill in sorted(skills) if skill in chosen.skills]
    return f"Needs {', '.join(sorted(skills))}; {chosen.name} has {', '.join(levels) or 'none of it'}"


def _why(one: Waiting, choice: Choice, now: datetime) -> str:
    """The first difference between the chosen and the next best decides what is said."""
    chosen, number = choice.order[0], choice.number
    if choice.is_return:
        return f"{chosen.name}: talked to this customer a moment ago"
    if number == 1:
        return f"{chosen.name}: the only one who was free"
    second = choice.order[1]
    if chosen.level(one.skills) > second.level(one.skills):
        return f"{chosen.name}: the highest level of {number} who were free"
    if chosen.load / chosen.capacity < second.load / second.capacity:
        return f"{chosen.name}: the least occupied ({chosen.load} of {chosen.capacity}) of {number} who were free"
    idle = f"idle for {_minutes(chosen.idle_since, now)}" if chosen.idle_since else "nothing taken yet"
    return f"{chosen.name}: longest idle of {number} who were free ({idle})"


def _passed(passed: Counter[str]) -> list[str]:
    return [f"Passed over, {number} ahead: {reason}" for reason, number in passed.most_common()]


def _shortened(lines: list[str], limit: int, *, unnamed: int = 0) -> list[str]:
    number = len(lines) + unnamed
    return lines if number <= limit else [*lines[: limit - 1], f"and {number - limit + 1} more"]


def _minutes(since: datetime, now: datetime) -> str:
    seconds = max(0, int((now - since).total_seconds()))
    return f"{seconds // 60}:{seconds % 60:02d}"
