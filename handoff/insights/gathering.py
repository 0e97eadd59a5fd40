"""Count what the figures are made of: a bounded number of queries, whatever happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import Avg, Count, Exists, F, OuterRef, Q, Sum

from handoff.broker.models import Handoff, Survey
from handoff.broker.states import State
from handoff.conversations.models import ReAsk
from handoff.insights import context
from handoff.insights.metrics import SHORT_ABANDON_SECONDS, Span, Tally, seconds_covered, total
from handoff.intents.models import Intent
from handoff.knowledge.models import Deflection
from handoff.staffing.models import Agent
from handoff.supervision.ledger import slot_of
from handoff.supervision.models import SLOT_SECONDS, Shift, Stint, Wait

LINE: Final = (State.QUEUED, State.OFFERED)
# By queue, and by half hour of the day.
Cells = dict[tuple[int, int], Tally]
Seconds = defaultdict[tuple[int, int], float]


@dataclass
class Counted:
    """What happened since a moment."""

    since: datetime
    until: datetime
    cells: Cells = field(default_factory=lambda: defaultdict(Tally))
    # Seconds of each agent: with something in hand, and signed in.
    handling: dict[int, float] = field(default_factory=dict)
    present: dict[int, float] = field(default_factory=dict)
    # And of each agent and half hour: wanting handoffs, and away.
    wanted: Seconds = field(default_factory=lambda: defaultdict(float))
    away: Seconds = field(default_factory=lambda: defaultdict(float))

    def of(self, queue_ids: set[int]) -> Tally:
        return total(tally for (queue_id, _), tally in self.cells.items() if queue_id in queue_ids)

    def in_slot(self, slot: int, queue_ids: set[int]) -> Tally:
        return total(self.cells[queue_id, slot] for queue_id in queue_ids if (queue_id, slot) in self.cells)


def count(since: datetime, *, now: datetime) -> Counted:
    """All queues at once: whoever may see which of them is decided afterwards."""
    counted = Counted(since=since, until=now)
    _count_waits(counted)
    _count_overdue(counted)
    _count_stints(counted)
    _count_reasked(counted)
    _count_efforts(counted)
    _count_deflected(counted)
    _count_context(counted)
    _note_handling(counted)
    _note_shifts(counted)
    return counted


def _count_waits(counted: Counted) -> None:
    rows = (
        Wait.objects.filter(began_at__gte=counted.since, is_first=True, is_simulated=False)
        .values("queue_id", "slot", "outcome")
        .annotate(
            number=Count("pk"),
            spent=Sum("seconds"),
            in_time=Count("pk", filter=Q(seconds__lte=F("queue__service_level_seconds"))),
            soon=Count("pk", filter=Q(seconds__lt=SHORT_ABANDON_SECONDS)),
            promised=Count("pk", filter=Q(promised_high__isnull=False)),
            kept=Count("pk", filter=Q(seconds__gte=F("promised_low"), seconds__lte=F("promised_high"))),
            bounds=Sum(F("promised_low") + F("promised_high")),
            actual=Sum("seconds", filter=Q(promised_high__isnull=False)),
        )
    )
    for row in rows:
        counted.cells[row["queue_id"], row["slot"]] += _tally_of(row)


def _tally_of(row: Mapping[str, Any]) -> Tally:
    if row["outcome"] == Wait.Outcome.ANSWERED:
        return Tally(
            answered=row["number"],
            answered_in_time=row["in_time"],
            answer_seconds=row["spent"],
            promises=row["promised"],
            promises_kept=row["kept"],
            promised_seconds=(row["bounds"] or 0) / 2,
            actual_seconds=row["actual"] or 0.0,
        )
    if row["outcome"] == Wait.Outcome.ABANDONED:
        return Tally(abandoned=row["number"], abandoned_short=row["soon"])
    return Tally(callbacks=row["number"]) if row["outcome"] == Wait.Outcome.CALLBACK else Tally()


def _count_overdue(counted: Counted) -> None:
    """Those in line who came in this time, for the first time, and have waited too long already."""
    waiting = Handoff.objects.filter(
        state__in=LINE, enqueued_at__gte=counted.since, is_left=False, is_simulated=False, waits=None, stints=None
    )
    for queue_id, came_at, patience in waiting.values_list("queue_id", "enqueued_at", "queue__service_level_seconds"):
        if came_at is not None and came_at + timedelta(seconds=patience) < counted.until:
            counted.cells[queue_id, slot_of(came_at)] += Tally(overdue=1)


def _count_stints(counted: Counted) -> None:
    rows = (
        Stint.objects.filter(began_at__gte=counted.since, is_simulated=False)
        .values("queue_id", "slot")
        .annotate(
            talks=Count("pk"),
            handled=Count("seconds"),
            spent=Sum("seconds"),
            passed_on=Count("pk", filter=Q(ended_by__in=["transfer", "take_over"])),
        )
    )
    for row in rows:
        counted.cells[row["queue_id"], row["slot"]] += Tally(
            talks=row["talks"],
            handled=row["handled"],
            handle_seconds=row["spent"] or 0.0,
            passed_on=row["passed_on"],
        )


def _count_reasked(counted: Counted) -> None:
    """Of those whose talk began in this time; one that was passed on is still one."""
    connected = Stint.objects.filter(began_at__gte=counted.since, is_simulated=False).values("handoff__queue_id")
    for row in connected.annotate(number=Count("handoff_id", distinct=True)):
        counted.cells[row["handoff__queue_id"], slot_of(counted.since)] += Tally(handoffs_connected=row["number"])
    asked = ReAsk.objects.filter(sent=True, at__gte=counted.since, handoff__is_simulated=False)
    talks = asked.filter(handoff__stints__began_at__gte=counted.since).values("handoff__queue_id")
    for row in talks.annotate(number=Count("handoff_id", distinct=True)):
        counted.cells[row["handoff__queue_id"], slot_of(counted.since)] += Tally(handoffs_reasked=row["number"])


def _count_efforts(counted: Counted) -> None:
    rows = Survey.objects.filter(at__gte=counted.since, handoff__is_simulated=False).values("handoff__queue_id")
    for row in rows.annotate(number=Count("pk"), mean=Avg("effort")):
        told = Tally(efforts=row["number"], effort_sum=row["number"] * row["mean"])
        counted.cells[row["handoff__queue_id"], slot_of(counted.since)] += told


def _count_deflected(counted: Counted) -> None:
    """Customers, not articles; who asked for an agent all the same afterwards was not helped."""
    solved = Deflection.objects.filter(kind=Deflection.Kind.SOLVED, at__gte=counted.since, site__is_simulated=False)
    helped = solved.exclude(
        Exists(Handoff.objects.filter(customer=OuterRef("session__customer"), opened_at__gte=OuterRef("at")))
    )
    found = {
        (row["site_id"], row["intent"]): row["number"]
        for row in helped.values("site_id", "intent").annotate(number=Count("session", distinct=True))
    }
    if not found:
        return
    for site_id, key, queue_id in Intent.objects.values_list("site_id", "key", "queue_id"):
        if number := found.get((site_id, key)):
            counted.cells[queue_id, slot_of(counted.since)] += Tally(deflected=number)


def _count_context(counted: Counted) -> None:
    for queue_id, known, shown in context.last_delivered(counted.since):
        counted.cells[queue_id, slot_of(counted.since)] += Tally(context_known=known, context_shown=shown)


def _note_handling(counted: Counted) -> None:
    counts = Q(is_simulated=False) & (Q(ended_at=None) | Q(ended_at__gt=counted.since))
    recent = Stint.objects.filter(counts, began_at__gte=counted.since - timedelta(hours=12))
    within = Span(counted.since, counted.until)
    spans: dict[int, list[Span]] = defaultdict(list)
    for agent_id, began_at, seconds in recent.values_list("agent_id", "began_at", "seconds"):
        ended_at = counted.until if seconds is None else began_at + timedelta(seconds=seconds)
        spans[agent_id].append(Span(began_at, ended_at))
    counted.handling = {agent_id: seconds_covered(found, within) for agent_id, found in spans.items()}


def _note_shifts(counted: Counted) -> None:
    within = Span(counted.since, counted.until)
    shifts: dict[int, list[Span]] = defaultdict(list)
    rows = Shift.objects.filter(until__gt=counted.since)
    for agent_id, began_at, until, wanted in rows.values_list("agent_id", "began_at", "until", "wanted"):
        shift = Span(max(began_at, counted.since), min(until, counted.until))
        shifts[agent_id].append(shift)
        side = counted.wanted if wanted else counted.away
        for slot in range(slot_of(shift.start), slot_of(shift.end) + 1):
            side[agent_id, slot] += seconds_covered([shift], span_of(slot))
    counted.present = {agent_id: seconds_covered(found, within) for agent_id, found in shifts.items()}


def span_of(slot: int) -> Span:
    start = datetime.fromtimestamp(slot * SLOT_SECONDS, UTC)
    return Span(start, start + timedelta(seconds=SLOT_SECONDS))


def agents_by_queue() -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for queue_id, agent_id in Agent.queues.through.objects.values_list("queue_id", "agent_id"):
        found[queue_id].add(agent_id)
    return found
