"""What each of an agent's commands does: read it, call one thing, answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from handoff.broker import actions as broker
from handoff.conversations import actions as conversations
from handoff.conversations import composing
from handoff.flows import callbacks, end_talk, verification
from handoff.flows.control_call import control
from handoff.flows.dial import dial
from handoff.flows.switch_channel import switch_by_agent
from handoff.flows.transfer import transfer
from handoff.journeys.redaction import redact
from handoff.protocol import commands, composer_shapes
from handoff.realtime import log
from handoff.realtime.consumer import Answer
from handoff.routing import actions as routing
from handoff.staffing.models import Agent

NOTHING: Final[Answer] = {}


def _set_availability(agent: Agent, command: commands.SetAvailability) -> Answer:
    reason = _read_reason(command.reason, 100)
    routing.set_availability(agent, available=command.available, after_current=command.after_current, reason=reason)
    return NOTHING


def _accept(agent: Agent, command: commands.AcceptOffer) -> Answer:
    return {"handoff": routing.accept(agent, offer_id=command.offer, token=command.token)}


def _decline(agent: Agent, command: commands.DeclineOffer) -> Answer:
    reason = _read_reason(command.reason, 200)
    routing.decline(agent, offer_id=command.offer, token=command.token, reason=reason)
    return NOTHING


def _read_reason(text: str | None, limit: int) -> str:
    return redact((text or "")[: 4 * limit])[:limit]


def _add_note(agent: Agent, command: commands.AddNote) -> Answer:
    with log.recording() as record:
        handoff = broker.lock_owned(agent, command.handoff, version=command.version)
        note = conversations.add_note(handoff, agent, text=command.text, client_id=command.client_id)
        return log.answer(log.append(note, now=record.now))


def _add_fact(agent: Agent, command: commands.AddFact) -> Answer:
    with log.recording() as record:
        handoff = broker.lock_owned(agent, command.handoff, version=command.version)
        entries = conversations.add_fact(
            handoff, key=command.key, label=command.label, value=command.value, now=record.now
        )
        record.add(entries)
    return NOTHING


def _ask_to_confirm(agent: Agent, command: commands.RequestVerification) -> Answer:
    verification.request_by_agent(
        agent,
        command.handoff,
        acr_values=command.acr_values,
        max_age=command.max_age,
        action=command.action,
        version=command.version,
    )
    return NOTHING


def _keep_draft(agent: Agent, command: composer_shapes.KeepDraft) -> Answer:
    return composing.answer_of(composing.keep_draft(agent, command))


def _record_reask(agent: Agent, command: composer_shapes.RecordReask) -> Answer:
    composing.record_reask(agent, command)
    return NOTHING


def _transfer(agent: Agent, command: commands.TransferHandoff) -> Answer:
    state = transfer(
        agent,
        command.handoff,
        queue=command.queue,
        to_agent=command.agent,
        note=command.note,
        version=command.version,
    )
    return {"state": state}


def _end(agent: Agent, command: commands.EndHandoff) -> Answer:
    end_talk.end_by_agent(agent, command.handoff, version=command.version)
    return NOTHING


def _wrap_up(agent: Agent, command: commands.WrapUp) -> Answer:
    end_talk.wrap_up(
        agent,
        command.handoff,
        disposition=command.disposition,
        note=command.note or "",
        version=command.version,
    )
    return NOTHING


def _switch(agent: Agent, command: commands.SwitchChannel) -> Answer:
    switch_by_agent(agent, command.handoff, channel=command.channel, version=command.version)
    return NOTHING


def _dial(agent: Agent, command: commands.DialCallback) -> Answer:
    return {"call": dial(agent, command.handoff, version=command.version)}


def _reschedule(agent: Agent, command: commands.RescheduleCallback) -> Answer:
    callbacks.postpone_by_agent(agent, command.handoff, callbacks.Later.of(command), version=command.version)
    return NOTHING


def _control(agent: Agent, command: commands.ControlCall) -> Answer:
    control(agent, command.handoff, action=command.action, version=command.version)
    return NOTHING


ACTIONS: Final[dict[type[Any], Callable[[Agent, Any], Answer]]] = {
    commands.SetAvailability: _set_availability,
    commands.AcceptOffer: _accept,
    commands.DeclineOffer: _decline,
    commands.AddNote: _add_note,
    commands.AddFact: _add_fact,
    commands.RequestVerification: _ask_to_confirm,
    composer_shapes.KeepDraft: _keep_draft,
    composer_shapes.RecordReask: _record_reask,
    commands.TransferHandoff: _transfer,
    commands.EndHandoff: _end,
    commands.WrapUp: _wrap_up,
    commands.SwitchChannel: _switch,
    commands.DialCallback: _dial,
    commands.RescheduleCallback: _reschedule,
    commands.ControlCall: _control,
}
