"""`desk`, for those who lead and those who look back: the wallboard, the floor, what is open, and what is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from handoff.api import shapes
from handoff.api.desk import agent_of_request
from handoff.api.views import DeskView
from handoff.broker import queries as handoffs
from handoff.broker.states import State
from handoff.insights import floor, records
from handoff.insights.wallboard import wallboard
from handoff.lib.errors import DomainError
from handoff.protocol import insight_shapes
from handoff.protocol.shapes import DeskHandoff
from handoff.realtime import limits, log
from handoff.realtime.clock import database_now
from handoff.routing.queries import why_of
from handoff.staffing.models import Queue
from handoff.supervision.actions import note_read
from handoff.supervision.queries import supervised_by

TEXT_LIMIT: Final = 100
_TEXTS: Final = ("text", "words", "intent", "queue", "disposition", "agent", "channel", "after")


class WallboardView(DeskView):
    @extend_schema(
        parameters=[OpenApiParameter("queue", str, description="Totals and half hours of this queue alone.")],
        responses={200: shapes.serializer_of(insight_shapes.Wallboard)},
    )
    def get(self, request: Request) -> Response:
        """How it goes: now, today and in the last hour, each figure with its definition."""
        queues = _supervised(request)
        shown = request.query_params.get("queue") or None
        if shown is not None and shown not in {queue.key for queue in queues}:
            raise DomainError("invalid_request", "There is no such queue.", fields={"queue": "unknown"})
        return Response(wallboard(queues, now=database_now(), shown=shown).to_wire())


class AgentsView(DeskView):
    @extend_schema(responses={200: shapes.serializer_of(insight_shapes.Floor)})
    def get(self, request: Request) -> Response:
        """Who is signed in or lost, and what they do, in the supervisor's queues."""
        return Response(floor.agents(_supervised(request), now=database_now()).to_wire())


class LiveView(DeskView):
    @extend_schema(responses={200: shapes.serializer_of(insight_shapes.Live)})
    def get(self, request: Request) -> Response:
        """Everything open in the supervisor's queues, the earliest first."""
        return Response(floor.live(_supervised(request), now=database_now()).to_wire())


class FindView(DeskView):
    @extend_schema(
        operation_id="v1_desk_handoffs_find",
        parameters=[
            OpenApiParameter("text", str, description="The customer's name, or part of it, or a handoff's id."),
            OpenApiParameter("words", str, description="Said in the talk; looked for in the latest 2,000."),
            *(OpenApiParameter(name, str) for name in _TEXTS[2:7]),
            OpenApiParameter("from", str, description="A day: 2026-11-27."),
            OpenApiParameter("to", str, description="That day included."),
            OpenApiParameter("after", str, description="`next` of the page before."),
        ],
        responses={200: shapes.serializer_of(insight_shapes.Found)},
    )
    def get(self, request: Request) -> Response:
        """What is over in the agent's queues, the latest first."""
        agent = agent_of_request(request)
        limits.SEARCHES.check(("agent", agent.pk))
        given = {name: (request.query_params.get(name) or "").strip() or None for name in _TEXTS}
        if any(value is not None and (len(value) > TEXT_LIMIT or "\0" in value) for value in given.values()):
            raise DomainError("invalid_request", f"At most {TEXT_LIMIT} characters each.")
        asked = records.Asked(**given, since=_day(request, "from"), until=_day(request, "to", later=1))
        return Response(records.find(agent, asked, now=database_now()).to_wire())


class RecordView(DeskView):
    @extend_schema(responses={200: shapes.serializer_of(DeskHandoff)})
    def get(self, request: Request, handoff_id: str) -> Response:
        """One handoff as the desk shows it, to read. That somebody opened what is over is kept."""
        agent = agent_of_request(request)
        with log.reading() as now:
            handoff = records.read(agent, handoff_id)
            view = handoffs.desk_view(handoff, why=why_of(handoff), now=now)
        if handoff.state == State.CLOSED:
            note_read(agent, handoff)
        return Response(view.to_wire())


def _supervised(request: Request) -> list[Queue]:
    """Raises `forbidden` for those who supervise nothing."""
    queues = list(supervised_by(agent_of_request(request)).order_by("name", "id"))
    if not queues:
        raise DomainError("forbidden", "This is for supervisors of a queue.")
    return queues


def _day(request: Request, name: str, *, later: int = 0) -> datetime | None:
    """Where a day begins, or the one so many days later, where the deployment is."""
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        # Not so many times 24 hours: the clocks may be put back in between.
        day = date.fromisoformat(text) + timedelta(days=later)
        return datetime.combine(day, time(), ZoneInfo(settings.HANDOFF_TIME_ZONE)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise DomainError("invalid_request", "A day is like 2026-11-27.", fields={name: "date"}) from None
