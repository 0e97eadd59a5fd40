"""The agent's socket: each command is one action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from django.conf import settings

from agent_console.permissions import agent_of, grant_of, live_grants
from agent_console.snapshot import agent_snapshot
from handoff.broker import actions as broker
from handoff.conversations import actions as conversations
from handoff.conversations.socket import TalkingConsumer
from handoff.flows import end_talk
from handoff.identity import actions as identity
from handoff.identity.queries import is_known_origin
from handoff.journeys.redaction import redact
from handoff.lib.errors import DomainError
from handoff.protocol import commands
from handoff.protocol.commands import AnyCommand
from handoff.realtime import log
from handoff.realtime.clock import database_now
from handoff.realtime.consumer import Answer, Principal, Start
from handoff.routing import actions as routing
from handoff.staffing.models import Agent

NOTHING: Final[Answer] = {}


class AgentConsumer(TalkingConsumer):
    """`/ws/agent`."""

    role = "agent"
    other = "customer"
    table = commands.Table(commands.AGENT_COMMANDS)

    @property
    def agent(self) -> Agent:
        return cast(Agent, self.principal.identity)

    def author_id(self) -> str:
        return self.agent.public_id

    def rate_key(self) -> object:
        return ("agent", self.agent.pk)

    def is_origin_allowed(self, origin: str | None) -> bool:
        return is_known_origin(origin)

    def authenticate(self, ticket: str, origin: str | None) -> Principal:
        redeemed = identity.redeem_ticket(ticket, now=database_now())
        if redeemed.user is None:
            raise DomainError("session_required", "The ticket is not an agent's.")
        if origin != settings.PUBLIC_ORIGIN:
            raise DomainError("forbidden", "The desk lives on our own origin only.")
        agent = agent_of(redeemed.user)
        grant = grant_of(redeemed.user, redeemed.sign_in_key)
        if not live_grants([grant]):
            raise DomainError("session_required", "The sign-in that asked for this ticket has ended.")
        return Principal(role=self.role, key=agent.public_id, grant=grant, identity=agent)

    def start(self, principal: Principal) -> Start:
        with log.reading() as now:
            snapshot, heads = agent_snapshot(principal.identity, now=now)
        return Start(snapshot=snapshot.to_wire(), heads=heads)

    def note_presence(self, principal: Principal) -> None:
        routing.renew_lease(principal.identity, now=database_now())

    def confirm(self) -> None:
        if not live_grants([self.principal.grant]):
            raise DomainError("session_expired", "The sign-in has ended; sign in again.")

    def perform(self, command: AnyCommand) -> Answer:
        return _ACTIONS[type(command)](self, command)


def _set_availability(consumer: AgentConsumer, command: commands.SetAvailability) -> Answer:
    agent = consumer.agent
    routing.renew_lease(agent, now=database_now())
    reason = _read_reason(command.reason, 100)
    routing.set_availability(agent, available=command.available, after_current=command.after_current, reason=reason)
    return NOTHING


def _accept(consumer: AgentConsumer, command: commands.AcceptOffer) -> Answer:
    return {"handoff": routing.accept(consumer.agent, offer_id=command.offer, token=command.token)}


def _decline(consumer: AgentConsumer, command: commands.DeclineOffer) -> Answer:
    reason = _read_reason(command.reason, 200)
    routing.decline(consumer.agent, offer_id=command.offer, token=command.token, reason=reason)
    return NOTHING


def _read_reason(text: str | None, limit: int) -> str:
    return redact((text or "")[: 4 * limit])[:limit]


def _read(consumer: AgentConsumer, command: commands.ReadMessage) -> Answer:
    with log.recording():
        handoff = broker.lock_owned(consumer.agent, command.handoff, version=command.version)
    return consumer.mark_read(handoff, command.seq)


def _add_note(consumer: AgentConsumer, command: commands.AddNote) -> Answer:
    with log.recording() as record:
        handoff = broker.lock_owned(consumer.agent, command.handoff, version=command.version)
        note = conversations.add_note(handoff, consumer.agent, text=command.text, client_id=command.client_id)
        return log.answer(log.append(note, now=record.now))


def _add_fact(consumer: AgentConsumer, command: commands.AddFact) -> Answer:
    with log.recording() as record:
        handoff = broker.lock_owned(consumer.agent, command.handoff, version=command.version)
        entries = conversations.add_fact(
            handoff, key=command.key, label=command.label, value=command.value, now=record.now
        )
        record.add(entries)
    return NOTHING


def _end(consumer: AgentConsumer, command: commands.EndHandoff) -> Answer:
    end_talk.end_by_agent(consumer.agent, command.handoff, version=command.version)
    return NOTHING


def _wrap_up(consumer: AgentConsumer, command: commands.WrapUp) -> Answer:
    end_talk.wrap_up(
        consumer.agent,
        command.handoff,
        disposition=command.disposition,
        note=command.note or "",
        version=command.version,
    )
    return NOTHING


_ACTIONS: Final[dict[type[Any], Callable[[AgentConsumer, Any], Answer]]] = {
    commands.SetAvailability: _set_availability,
    commands.AcceptOffer: _accept,
    commands.DeclineOffer: _decline,
    commands.ReadMessage: _read,
    commands.AddNote: _add_note,
    commands.AddFact: _add_fact,
    commands.EndHandoff: _end,
    commands.WrapUp: _wrap_up,
}
