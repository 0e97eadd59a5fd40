"""Keep steps and facts, merged and limited by the pure rules. The caller holds the handoff's lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from handoff.journeys import beginning, context, queries
from handoff.journeys.context import Context, Fact, Step
from handoff.journeys.models import Fact as FactRow
from handoff.journeys.models import Journey
from handoff.journeys.models import Step as StepRow
from handoff.lib.errors import DomainError, NotFound
from handoff.protocol.shapes import Source

# What only the customer's side said, the customer may take back.
STRIKABLE: tuple[Source, ...] = ("observed", "stated")


def begin(given: Context, *, now: datetime) -> tuple[Journey, Context]:
    """A new journey with what is known at the click, as it is kept. Raises `context_too_large`."""
    steps = context.merge_steps((), given.steps)
    facts = context.merge_facts((), given.facts)
    context.check_size(steps, facts)
    known = Context(tuple(steps), tuple(facts))
    return beginning.store(known, now=now), known


def record(journey_id: int, added: Context, *, is_limited: bool = True) -> Context:
    """Merge into what is stored; answers what is really new. Raises `context_too_large`.

    What the system itself brings together (`is_limited=False`) was within the limits when it came in: a merge refuses
    nothing and loses nothing but steps beyond the newest 50.
    """
    old_steps, old_facts = queries.steps_of(journey_id), queries.facts_of(journey_id)
    steps = context.merge_steps(old_steps, added.steps)
    facts = context.merge_facts(old_facts, added.facts)
    if is_limited:
        context.check_size(steps, facts)
    known_steps, known_facts = set(old_steps), set(old_facts)
    new_steps = [step for step in steps if step not in known_steps]
    new_facts = [fact for fact in facts if fact not in known_facts]
    if new_steps:
        _store_steps(journey_id, steps)
    _store_facts(journey_id, new_facts)
    return Context(tuple(new_steps), tuple(new_facts))


def strike(journey_id: int, *, key: str, source: str) -> None:
    """Take a fact back. Raises NotFound if there is none, `invalid_request` if the site or an agent vouches for it."""
    if source not in STRIKABLE:
        raise DomainError("invalid_request", "Signed facts and the desk's own stay.", fields={"source": "not yours"})
    if not forget(journey_id, key=key, source=source):
        raise NotFound


def forget(journey_id: int, *, key: str, source: str) -> bool:
    """Drop a fact if there is one."""
    deleted, _ = FactRow.objects.filter(journey=journey_id, key=key, source=source).delete()
    return deleted > 0


def erase(journey_id: int) -> None:
    """Every step and every fact, whoever vouched for it."""
    StepRow.objects.filter(journey=journey_id).delete()
    FactRow.objects.filter(journey=journey_id).delete()


def move_in(journey_id: int, other_id: int) -> Context:
    """Add another journey's steps, and the facts this one does not know; answers what is new here."""
    known = {(fact.key, fact.source) for fact in queries.facts_of(journey_id)}
    facts = [fact for fact in queries.facts_of(other_id) if (fact.key, fact.source) not in known]
    return record(journey_id, Context(tuple(queries.steps_of(other_id)), tuple(facts)), is_limited=False)


def replace_signed(journey_id: int, signed: Sequence[Fact]) -> Context:
    """The site vouches anew: its facts take the place of those it signed before."""
    keys = [fact.key for fact in signed]
    FactRow.objects.filter(journey=journey_id, source="verified").exclude(key__in=keys).delete()
    # What was signed before stands as of then: the same fact signed again is no news.
    known = {(fact.key, fact.source): fact for fact in queries.facts_of(journey_id)}
    news = [fact for fact in signed if not _is_same(known.get((fact.key, fact.source)), fact)]
    return record(journey_id, Context(facts=tuple(news)), is_limited=False)


def _is_same(known: Fact | None, fact: Fact) -> bool:
    return known is not None and (known.label, known.value) == (fact.label, fact.value)


def _store_steps(journey_id: int, steps: Sequence[Step]) -> None:
    StepRow.objects.filter(journey=journey_id).delete()
    beginning.add_steps(journey_id, Context(tuple(steps)))


def _store_facts(journey_id: int, facts: Sequence[Fact]) -> None:
    FactRow.objects.bulk_create(
        [
            FactRow(
                journey_id=journey_id, key=fact.key, source=fact.source, label=fact.label, value=fact.value, at=fact.at
            )
            for fact in facts
        ],
        update_conflicts=True,
        unique_fields=["journey", "key", "source"],
        update_fields=["label", "value", "at"],
    )
