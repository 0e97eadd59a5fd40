"""Who takes which handoff, decided from plain values."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from heapq import nsmallest
from itertools import islice
from typing import Final

from handoff.routing.traces import LINES_LIMIT, Choice, explain

EXCLUDED: Final = "had it a moment ago and did not take or keep it"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)

Rank = tuple[datetime, int]


@dataclass(frozen=True)
class Waiting:
    """One handoff in line. `held` says why nobody is asked now.

    `excluded` are agents who declined it or passed it on lately; those who `missed` it, by time or by their line, are
    asked again only if nobody else at work could ever take it.
    """

    handoff_id: int
    queue_id: int
    queue_name: str
    intent_label: str
    enqueued_at: datetime
    ranked_at: datetime
    version: int = 0
    skills: frozenset[str] = frozenset()
    excluded: frozenset[int] = frozenset()
    missed: frozenset[int] = frozenset()
    preferred: int | None = None
    preferred_until: datetime | None = None
    # Somebody is on a telephone: whoever takes it needs a line of their own, and to be on no other call.
    needs_line: bool = False
    # Practice: for trainees alone.
    is_simulated: bool = False
    held: str = ""

    @property
    def line(self) -> tuple[int, bool]:
        """Practice stands in a line of its own beside the queue's."""
        return self.queue_id, self.is_simulated

    @property
    def rank(self) -> Rank:
        return self.ranked_at, self.handoff_id


@dataclass
class Candidate:
    """One agent at work; `load` grows as offers are decided. Who `is_held` is being changed by somebody else."""

    agent_id: int
    name: str
    queue_ids: frozenset[int]
    capacity: int
    load: int = 0
    skills: Mapping[str, int] = field(default_factory=dict)
    idle_since: datetime | None = None
    last_offered_at: datetime | None = None
    is_held: bool = False
    has_line: bool = False
    is_calling: bool = False
    is_trainee: bool = False

    @property
    def free(self) -> int:
        return 0 if self.is_held else self.capacity - self.load

    def serves(self, queue_id: int, skills: frozenset[str]) -> bool:
        return queue_id in self.queue_ids and skills <= self.skills.keys()

    def is_for(self, one: Waiting) -> bool:
        """At all: trainees get practice and nothing else, and nobody else gets it."""
        return self.is_trainee == one.is_simulated

    def can_take(self, one: Waiting) -> bool:
        """Now, as far as its telephone is concerned."""
        return not one.needs_line or (self.has_line and not self.is_calling)

    def level(self, skills: Iterable[str]) -> int:
        return sum(self.skills[skill] for skill in skills)


@dataclass(frozen=True)
class Match:
    """One decision, and why: lines a person can read."""

    handoff_id: int
    agent_id: int
    why: list[str] = field(default_factory=list)


class Round:
    """One look at the line, page by page. A handoff that nobody can take now is passed over and keeps its place.

    What a skill set finds nobody for is looked for once: the line may be long, the kinds of need in it are few.
    `held` are those that the pages leave out; only reasons read them, so they may be set when all is played.
    """

    def __init__(
        self, candidates: Sequence[Candidate], *, now: datetime, limit: int | None = None, held: Sequence[Waiting] = ()
    ) -> None:
        self.now, self.limit, self.held = now, limit, held
        self.candidates = {one.agent_id: one for one in candidates}
        self._chosen: list[tuple[Waiting, Choice]] = []
        self._hopeless: set[tuple[int, bool, frozenset[str], bool]] = set()
        self._passed: dict[tuple[int, bool], Counter[str]] = {}
        self._with_room = sum(one.free > 0 for one in candidates)
        # By queue, and whether they are trainees: a line is asked about again and again.
        self._serving: defaultdict[tuple[int, bool], list[Candidate]] = defaultdict(list)
        for one in candidates:
            for queue_id in one.queue_ids:
                self._serving[queue_id, one.is_trainee].append(one)

    @property
    def is_over(self) -> bool:
        full = self.limit is not None and len(self._chosen) >= self.limit
        return full or not self._with_room

    @property
    def last_rank(self) -> Rank | None:
        """How far down the lines anything was decided."""
        return self._chosen[-1][0].rank if self._chosen else None

    @property
    def matches(self) -> list[Match]:
        """What was decided, in the order of the line, with the reasons."""
        return [
            Match(one.handoff_id, choice.order[0].agent_id, explain(one, self._with_held(one, choice), now=self.now))
            for one, choice in self._chosen
        ]

    def play(self, page: Iterable[Waiting]) -> None:
        """Decide for a page of the line, each page after the one before it."""
        for one in sorted(page, key=lambda waiting: waiting.rank):
            if self.is_over:
                return
            fit, obstacle = self._fit(one)
            if fit:
                self._take(one, fit)
            else:
                self._passed.setdefault(one.line, Counter())[obstacle] += 1

    def _fit(self, one: Waiting) -> tuple[list[Candidate], str]:
        """Who could take it now; or nobody, and the reason."""
        if one.held:
            return [], one.held
        again = self._preferred(one)
        if again is not None:
            until = one.preferred_until or self.now
            return ([again], "") if again.free > 0 else ([], f"waits for {again.name} until {until:%H:%M:%S} UTC")
        need = *one.line, one.skills, one.needs_line
        if need in self._hopeless:
            return [], _nobody_for(one)
        able = [
            agent
            for agent in self._serving[one.line]
            if agent.free > 0 and one.skills <= agent.skills.keys() and agent.can_take(one)
        ]
        if not able:
            self._hopeless.add(need)
            return [], _nobody_for(one)
        return self._asked(one, able), f"everybody free {EXCLUDED}"

    def _asked(self, one: Waiting, able: Sequence[Candidate]) -> list[Candidate]:
        willing = [agent for agent in able if agent.agent_id not in one.excluded]
        fresh = [agent for agent in willing if agent.agent_id not in one.missed]
        return fresh if fresh or self._has_others(one) else willing

    def _has_others(self, one: Waiting) -> bool:
        """Somebody at work, free or not, who could take it and has not had it yet."""
        had = one.excluded | one.missed
        return any(
            one.skills <= agent.skills.keys() and (agent.has_line or not one.needs_line)
            for agent in self._serving[one.line]
            if agent.agent_id not in had
        )

    def _preferred(self, one: Waiting) -> Candidate | None:
        """Who talked to the customer a moment ago, while that is recent and they are at work."""
        if one.preferred is None or one.preferred_until is None or one.preferred_until <= self.now:
            return None
        if one.preferred in one.excluded | one.missed:
            return None
        found = self.candidates.get(one.preferred)
        return found if found is not None and found.is_for(one) and found.can_take(one) else None

    def _take(self, one: Waiting, fit: Sequence[Candidate]) -> None:
        order = nsmallest(2, fit, key=lambda agent: _order(agent, one.skills))
        refused, unnamed = self._refused(one, fit)
        chosen = order[0]
        choice = Choice(
            # As they are now: what is decided after this is no reason for it.
            order=[replace(agent) for agent in order],
            number=len(fit),
            refused=refused,
            unnamed=unnamed,
            passed=Counter(self._passed.get(one.line)),
            is_return=self._preferred(one) is not None,
        )
        self._chosen.append((one, choice))
        chosen.load += 1
        chosen.is_calling = chosen.is_calling or one.needs_line
        chosen.last_offered_at = self.now
        self._with_room -= chosen.free < 1

    def _refused(self, one: Waiting, fit: Sequence[Candidate]) -> tuple[dict[str, str], int]:
        """Why not the others of the queue: as many as a trace can name, and how many more there are."""
        taken = {agent.agent_id for agent in fit}
        others = (agent for agent in self._serving[one.line] if agent.agent_id not in taken)
        refused = ((agent.name, reason) for agent in others if (reason := _obstacle(one, agent)))
        return dict(islice(refused, LINES_LIMIT)), sum(1 for _ in refused)

    def _with_held(self, one: Waiting, choice: Choice) -> Choice:
        held = Counter(other.held for other in self.held if other.line == one.line and other.rank < one.rank)
        return replace(choice, passed=choice.passed + held)


def match(waiting: Iterable[Waiting], candidates: Sequence[Candidate], *, now: datetime) -> list[Match]:
    """First come, first served, by rank; each in turn gets the best of those who can take it."""
    played = Round(candidates, now=now)
    played.play(waiting)
    return played.matches


def _order(agent: Candidate, skills: frozenset[str]) -> tuple[int, float, datetime, datetime, int]:
    """The most able first, then the least occupied, then the longest idle."""
    occupancy = agent.load / agent.capacity
    return -agent.level(skills), occupancy, agent.idle_since or _NEVER, agent.last_offered_at or _NEVER, agent.agent_id


def _obstacle(one: Waiting, agent: Candidate) -> str:
    """Why an agent of the queue cannot take it now."""
    if agent.is_held:
        return "was busy at that moment"
    if agent.free < 1:
        return f"is full ({agent.load} of {agent.capacity})"
    if not agent.can_take(one):
        return "is on another call" if agent.has_line else "has no phone line"
    if missing := one.skills - agent.skills.keys():
        return f"lacks {', '.join(sorted(missing))}"
    return EXCLUDED if agent.agent_id in one.excluded | one.missed else ""


def _nobody_for(one: Waiting) -> str:
    return nobody_has(one.skills | {"a phone line"} if one.needs_line else one.skills)


def nobody_has(skills: frozenset[str]) -> str:
    """Why a handoff that needs these is passed over."""
    return f"nobody free has {', '.join(sorted(skills))}" if skills else "nobody is free"
