"""The customer's socket: each command is one action."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, cast

from handoff.broker import queries as handoffs
from handoff.conversations.socket import TalkingConsumer
from handoff.flows import add_context, callbacks, claim_call, end_talk, switch_channel, views
from handoff.flows.booking import Wish
from handoff.identity import actions as identity
from handoff.identity import doorstep
from handoff.identity.models import Session
from handoff.identity.queries import live_session_ids, suits_site
from handoff.lib.errors import DomainError, NotFound
from handoff.protocol import commands
from handoff.protocol.close_codes import CloseCode
from handoff.protocol.commands import AnyCommand
from handoff.realtime import log
from handoff.realtime.clock import database_now
from handoff.realtime.consumer import Answer, Principal, Start

NOTHING: Final[Answer] = {}
# A page that asks for a ticket has just shown a sign of life; one that comes back to its socket is noted sooner.
ARRIVAL_PRECISION: Final = timedelta(seconds=5)


class CustomerConsumer(TalkingConsumer):
    """`/ws/customer`."""

    role = "customer"
    other = "agent"
    table = commands.Table(commands.CUSTOMER_COMMANDS)

    @property
    def session(self) -> Session:
        return cast(Session, self.principal.identity)

    def author_id(self) -> str:
        return self.session.customer.public_id

    def rate_key(self) -> object:
        return ("session", self.session.pk)

    def is_origin_allowed(self, origin: str | None) -> bool:
        return doorstep.is_known(origin)

    def is_origin_known(self, origin: str | None) -> bool:
        return doorstep.is_known_lately(origin)

    def authenticate(self, ticket: str, origin: str | None) -> Principal:
        now = database_now()
        session = identity.redeem_ticket(ticket, now=now).session
        if session is None or session.ended_at is not None:
            raise DomainError("session_required", "The ticket is not a customer's.")
        if not suits_site(origin, session.customer.site):
            raise DomainError("forbidden", "The page is not one of this site's.")
        # The row was read just now: who comes is here, without another look.
        identity.note_life(session, now=now, precision=ARRIVAL_PRECISION)
        return Principal(
            role=self.role, key=session.customer.public_id, grant=("session", session.pk), identity=session
        )

    def start(self, principal: Principal) -> Start:
        with log.reading() as now:
            snapshot, heads = views.customer_snapshot(principal.identity, now=now)
        return Start(snapshot=snapshot.to_wire(), heads=heads)

    def note_presence(self, principal: Principal) -> None:
        session = principal.identity
        session.refresh_from_db(fields=["seen_at"])
        identity.note_life(session, now=database_now(), precision=ARRIVAL_PRECISION)

    def left(self) -> None:
        # Whoever's session ended has signed out, or comes back at once with another: the record is looked at soon.
        if self.outlet.closing is not CloseCode.AUTH:
            super().left()

    def confirm(self) -> None:
        if not live_session_ids([self.session.pk], now=database_now()):
            raise DomainError("session_expired", "The session has ended; open a new one.")

    def perform(self, command: AnyCommand) -> Answer:
        try:
            return _ACTIONS[type(command)](self, command)
        except NotFound:
            self.confirm()
            raise


def _read(consumer: CustomerConsumer, command: commands.ReadMessage) -> Answer:
    handoff = handoffs.of_customer(consumer.session.customer, command.handoff)
    return consumer.mark_read(handoff, command.seq)


def _record(consumer: CustomerConsumer, command: commands.RecordJourney) -> Answer:
    journey = {"steps": command.steps or [], "facts": command.facts or []}
    add_context.record_journey(consumer.session.customer, command.handoff, journey=journey)
    return NOTHING


def _strike(consumer: CustomerConsumer, command: commands.StrikeFact) -> Answer:
    add_context.strike_fact(consumer.session.customer, command.handoff, key=command.key, source=command.source)
    return NOTHING


def _cancel(consumer: CustomerConsumer, command: commands.CancelHandoff) -> Answer:
    end_talk.cancel(consumer.session.customer, command.handoff)
    return NOTHING


def _end(consumer: CustomerConsumer, command: commands.EndHandoff) -> Answer:
    end_talk.end_by_customer(consumer.session.customer, command.handoff)
    return NOTHING


def _switch(consumer: CustomerConsumer, command: commands.SwitchChannel) -> Answer:
    wish = Wish.of(command.callback)
    switch_channel.switch_by_customer(consumer.session, command.handoff, channel=command.channel, wish=wish)
    return NOTHING


def _snooze(consumer: CustomerConsumer, command: commands.SnoozeCallback) -> Answer:
    callbacks.postpone_by_customer(consumer.session.customer, command.handoff, callbacks.Later.of(command))
    return NOTHING


def _claim(consumer: CustomerConsumer, command: commands.ClaimCall) -> Answer:
    claim_call.claim(consumer.session, command.call, is_mine=command.mine)
    return NOTHING


_ACTIONS: Final[dict[type[Any], Callable[[CustomerConsumer, Any], Answer]]] = {
    commands.ReadMessage: _read,
    commands.RecordJourney: _record,
    commands.StrikeFact: _strike,
    commands.CancelHandoff: _cancel,
    commands.EndHandoff: _end,
    commands.SwitchChannel: _switch,
    commands.SnoozeCallback: _snooze,
    commands.ClaimCall: _claim,
}
