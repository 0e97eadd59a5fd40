"""The agent's socket: each command is one action."""

from __future__ import annotations

from typing import cast

from django.conf import settings

from agent_console.actions import ACTIONS
from agent_console.permissions import agent_of, grant_of, live_grants
from agent_console.snapshot import agent_snapshot
from agent_console.supervision import SUPERVISION
from handoff.broker import actions as broker
from handoff.conversations.socket import TalkingConsumer
from handoff.identity import actions as identity
from handoff.identity import doorstep
from handoff.lib.errors import DomainError
from handoff.protocol import commands
from handoff.protocol.commands import AnyCommand
from handoff.realtime import log
from handoff.realtime.clock import database_now
from handoff.realtime.consumer import Answer, Principal, Start
from handoff.staffing.actions import renew_lease
from handoff.staffing.models import Agent


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
        return doorstep.is_known(origin)

    def is_origin_known(self, origin: str | None) -> bool:
        return doorstep.is_known_lately(origin)

    def authenticate(self, ticket: str, origin: str | None) -> Principal:
        now = database_now()
        redeemed = identity.redeem_ticket(ticket, now=now)
        if redeemed.user is None:
            raise DomainError("session_required", "The ticket is not an agent's.")
        if origin != settings.PUBLIC_ORIGIN:
            raise DomainError("forbidden", "The desk lives on our own origin only.")
        agent = agent_of(redeemed.user)
        grant = grant_of(redeemed.user, redeemed.sign_in_key)
        if not live_grants([grant]):
            raise DomainError("session_required", "The sign-in that asked for this ticket has ended.")
        renew_lease(agent, now=now)
        return Principal(role=self.role, key=agent.public_id, grant=grant, identity=agent)

    def start(self, principal: Principal) -> Start:
        with log.reading() as now:
            snapshot, heads = agent_snapshot(principal.identity, now=now)
        reads_along = frozenset(one.id for one in snapshot.watching)
        return Start(snapshot=snapshot.to_wire(), heads=heads, reads_along=reads_along)

    def note_presence(self, principal: Principal) -> None:
        # Who has just signed out may still send a heartbeat before their socket is closed.
        if live_grants([principal.grant]):
            renew_lease(principal.identity, now=database_now())

    def confirm(self) -> None:
        if not live_grants([self.principal.grant]):
            raise DomainError("session_expired", "The sign-in has ended; sign in again.")

    def perform(self, command: AnyCommand) -> Answer:
        if isinstance(command, commands.ReadMessage):
            return self._read(command)
        return (ACTIONS | SUPERVISION)[type(command)](self.agent, command)

    def _read(self, command: commands.ReadMessage) -> Answer:
        with log.recording():
            handoff = broker.lock_owned(self.agent, command.handoff, version=command.version)
        return self.mark_read(handoff, command.seq)
