"""How a handoff ends: by either side, with a wrap-up, before it began, and with an answer to how easy it was."""

from __future__ import annotations

from handoff.broker import actions as broker
from handoff.broker.states import Action, CloseReason, IllegalTransition, State
from handoff.identity.models import Customer
from handoff.realtime import log
from handoff.staffing.models import Agent


def end_by_agent(agent: Agent, handoff_id: str, *, version: int | None) -> None:
    """Raises NotFound, `stale_version`, `illegal_transition`."""
    with log.recording() as record:
        handoff = broker.lock_owned(agent, handoff_id, version=version)
        _refuse_ended(handoff.state)
        record.add(broker.end(handoff, reason=CloseReason.RESOLVED, now=record.now))


def end_by_customer(customer: Customer, handoff_id: str) -> None:
    """Raises NotFound, `illegal_transition`."""
    with log.recording() as record:
        handoff = broker.lock_own(customer, handoff_id)
        _refuse_ended(handoff.state)
        record.add(broker.end(handoff, reason=CloseReason.CUSTOMER_LEFT, now=record.now))


def cancel(customer: Customer, handoff_id: str) -> None:
    """Before a talk began. Raises NotFound, `illegal_transition`."""
    with log.recording() as record:
        record.add(broker.cancel(broker.lock_own(customer, handoff_id), now=record.now))


def wrap_up(agent: Agent, handoff_id: str, *, disposition: str, note: str, version: int | None) -> None:
    """Raises NotFound, `stale_version`, `illegal_transition` while the talk goes on, `invalid_request`, `too_long`."""
    if note:
        broker.check_length(note, field="note")
    with log.recording() as record:
        handoff = broker.lock_owned(agent, handoff_id, version=version)
        if handoff.state != State.WRAP_UP:
            raise IllegalTransition(Action.FINISH, State(handoff.state))
        record.add(broker.wrap_up(handoff, agent, disposition=disposition, note=note, now=record.now))


def answer_survey(customer: Customer, handoff_id: str, *, effort: int, comment: str) -> None:
    """Raises NotFound, `illegal_transition`, `too_long`."""
    if comment:
        broker.check_length(comment, field="comment")
    with log.recording() as record:
        handoff = broker.lock_own(customer, handoff_id)
        record.add(broker.answer_survey(handoff, effort=effort, comment=comment, now=record.now))


def _refuse_ended(state: str) -> None:
    """Checked before the reason is set on the row."""
    if state != State.CONNECTED:
        raise IllegalTransition(Action.END, State(state))
