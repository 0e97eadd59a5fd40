"""`desk`: what the console asks over HTTP beside its socket."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from handoff.api import shapes
from handoff.api.handoffs import EVENTS_LIMIT, read_count
from handoff.api.sessions import ticket_bundle
from handoff.api.views import DeskView
from handoff.broker.states import State
from handoff.flows import practising
from handoff.flows.due import due_callbacks
from handoff.identity import actions as identity
from handoff.insights import records
from handoff.lib.errors import DomainError, NotFound
from handoff.realtime import limits, log, streams
from handoff.realtime.clock import database_now
from handoff.routing.destinations import destinations
from handoff.staffing.models import Agent
from handoff.supervision.actions import note_read


class DeskTicketView(DeskView):
    @extend_schema(request=None, responses={200: shapes.TicketOut})
    def post(self, request: Request) -> Response:
        """One use, for one WebSocket of a signed-in agent."""
        user = request.user
        limits.TICKETS.check(("user", user.pk))
        agent_of_request(request)
        sign_in_key = request._request.session.session_key or ""
        ticket = identity.issue_agent_ticket(user, sign_in_key=sign_in_key, now=database_now())
        return Response(ticket_bundle(ticket, "/ws/agent"))


class DestinationsView(DeskView):
    @extend_schema(responses={200: shapes.DestinationsOut})
    def get(self, request: Request) -> Response:
        """The queues and the other agents to whom a talk may be passed on."""
        return Response(destinations(agent_of_request(request), now=database_now()).to_wire())


class CallbacksView(DeskView):
    @extend_schema(responses={200: shapes.DueCallbacksOut})
    def get(self, request: Request) -> Response:
        """The callbacks that are owed: mine, and those of the lines I serve."""
        return Response(due_callbacks(agent_of_request(request)).to_wire())


class PracticeView(DeskView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """For trainees: one simulated customer, who stands in line when this is answered."""
        practising.start(agent_of_request(request))
        return Response(status=204)


class DeskEventsView(DeskView):
    @extend_schema(
        parameters=[
            OpenApiParameter("stream", str, required=True),
            OpenApiParameter("before", int, description="The oldest seq the reader has."),
        ],
        responses={200: shapes.EventsOut},
    )
    def get(self, request: Request, handoff_id: str) -> Response:
        """Older entries of a handoff that the agent may read, at most 200."""
        agent = agent_of_request(request)
        handoff = records.read(agent, handoff_id)
        stream = request.query_params.get("stream", "")
        if stream not in (streams.handoff(handoff_id), streams.desk(handoff_id)):
            raise NotFound
        if handoff.state == State.CLOSED:
            note_read(agent, handoff)
        before = read_count(request, "before")
        epoch = log.epoch()
        with log.reading():
            entries = log.read_last([stream], limit=EVENTS_LIMIT, before={stream: before} if before else None)
            head = log.heads_of([stream])[stream]
        return Response({"epoch": epoch, "head": head, "events": [entry.to_wire() for entry in entries]})


def agent_of_request(request: Request) -> Agent:
    """Raises `forbidden`."""
    agent = Agent.objects.filter(user_id=request.user.pk or 0, user__is_active=True).first()
    if agent is None:
        raise DomainError("forbidden", "This account is no agent's.")
    return agent
