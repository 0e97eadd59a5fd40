"""Asks providers what was decided, outside of any transaction; any process may, for those it can reach."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import connection

from handoff.calls import actions as calls
from handoff.calls import tasks
from handoff.calls.models import Call, CallReport, CallTask
from handoff.calls.progress import LIVE, Status
from handoff.calls.tasks import Kind
from handoff.flows import phone
from handoff.flows.dial import ring_seconds_of
from handoff.realtime import log
from handoff.realtime.clock import database_now
from handoff.realtime.delivery import hub
from handoff.telephony import registry
from handoff.telephony.base import Audio, CallError, CallEvent, Control, Order, Provider
from handoff.telephony.base import Kind as Report

logger = logging.getLogger(__name__)

AT_ONCE: Final = 8
LONGEST_PAUSE_SECONDS: Final = 1.0
LOOK_AGAIN_SECONDS: Final = 1.0
# A live call of which nothing was heard for this long is asked about: a report can be lost.
SILENCE: Final = timedelta(seconds=30)
# A dial that its provider still does not know after this long was never made.
LOST_AFTER: Final = timedelta(seconds=60)
# Systems that have to ask say nothing during a talk.
LONGEST_TALK: Final = timedelta(hours=4)
# How it is as long as the wish was not carried out.
_UNDONE: Final[dict[Kind, dict[str, bool]]] = {
    Kind.HOLD: {"is_held": False},
    Kind.RESUME: {"is_held": True},
    Kind.MUTE: {"is_muted": False},
    Kind.UNMUTE: {"is_muted": True},
}


class Dispatcher:
    """One a process: several asks at once, since a provider may take its time."""

    def __init__(self) -> None:
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._running: set[Future[None]] = set()

    def run(self) -> None:
        """Until `stop`; what a provider or the database cannot do now is tried again later."""
        forget = hub.on_wake(self._woken.set)
        with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="phone") as pool:
            try:
                while not self._stopped.is_set():
                    self._look(pool)
            finally:
                forget()
                connection.close()

    def stop(self) -> None:
        self._stopped.set()
        self._woken.set()

    def _look(self, pool: ThreadPoolExecutor) -> None:
        pause = LONGEST_PAUSE_SECONDS
        try:
            providers = registry.reachable()
            if providers:
                pause = self._hand_out(providers, pool)
        except Exception:
            logger.exception("looking for calls to make failed; the next look tries again")
            connection.close()
        self._woken.wait(pause)
        self._woken.clear()

    def _hand_out(self, providers: Collection[str], pool: ThreadPoolExecutor) -> float:
        """Give out what is due; answers how long the next look may wait.

        No more than can be done at once is claimed: other processes may have hands free.
        """
        now = database_now()
        self._running = {one for one in self._running if not one.done()}
        for task in tasks.claim_due(providers, now=now, limit=AT_ONCE - len(self._running)):
            running = pool.submit(_run_in_thread, task)
            self._running.add(running)
            # The next task of the same call may be due by then.
            running.add_done_callback(lambda _: self._woken.set())
        due = tasks.next_due(providers, now=now)
        return LONGEST_PAUSE_SECONDS if due is None else min(LONGEST_PAUSE_SECONDS, (due - now).total_seconds())


def run_due() -> int:
    """Do what is due now, one after the other; answers how many. For commands and tests without a dispatcher."""
    due = tasks.claim_due(registry.reachable(), now=database_now(), limit=100)
    for task in due:
        perform(task)
    return len(due)


def perform(task: CallTask) -> None:
    """Ask the provider, and note how that went."""
    if not tasks.begin(task, now=database_now()):
        return
    # As it stands now: much may have happened since it was claimed.
    call = Call.objects.select_related("agent", "handoff", "site").get(pk=task.call_id)
    try:
        provider = registry.get(task.provider)
        _ASKS[Kind(task.kind)](provider, call)
    except CallError as error:
        _note_failure(task, error)
    else:
        tasks.finish(task, now=database_now())


def recover() -> int:
    """Tasks whose process died in the middle. A dial may have happened: it is looked up, never made again."""
    stale = tasks.stale(now=database_now(), limit=AT_ONCE)
    for task in stale:
        if task.kind == Kind.ORIGINATE:
            _lose_track(task)
        else:
            tasks.give_back(task, now=database_now())
    return len(stale)


def poll_silent() -> int:
    """Live calls of which nothing was heard lately: what their provider knows counts as a report."""
    reachable = registry.reachable()
    quiet = Call.objects.filter(
        status__in=LIVE, provider__in=reachable, heard_at__lte=database_now() - SILENCE
    ).exclude(status=Status.DIALING, tasks__done_at=None)
    silent = list(quiet.order_by("heard_at")[:AT_ONCE])
    for call in silent:
        with log.recording() as record:
            tasks.add(call, Kind.LOOK_UP, due_at=record.now)
            # Not asked again before it could be answered.
            Call.objects.filter(pk=call.pk).update(heard_at=record.now)
    return len(silent)


def _run_in_thread(task: CallTask) -> None:
    about = {"job": f"call.{task.kind}", "job_id": f"task {task.pk}", "call": task.call.public_id}
    with structlog.contextvars.bound_contextvars(**about):
        try:
            perform(task)
        except Exception:
            logger.exception("a task of a call failed; it is looked at again")
        finally:
            connection.close()


def _originate(provider: Provider, call: Call) -> None:
    agent = call.agent
    if agent is None or call.status != Status.DIALING:
        return
    if not (agent.audio and call.called):
        # Taken away, or erased, since it was asked for.
        raise CallError("There is no line of the agent's, or no number any more.", is_permanent=True)
    if tasks.was_tried(call, Kind.ORIGINATE) and (found := _find_tried(provider, call)):
        # Refused for the moment, said the provider, and it was done all the same.
        phone.receive(found)
        return
    order = Order(
        reference=call.public_id,
        agent=Audio(agent.audio),
        number=call.called,
        caller_id=call.caller,
        ring_seconds=ring_seconds_of(call.site),
    )
    provider_id = provider.originate(order)
    Call.objects.filter(pk=call.pk, provider_id="").update(provider_id=provider_id)


def _find_tried(provider: Provider, call: Call) -> CallEvent | None:
    try:
        return provider.look_up(call_id="", reference=call.public_id)
    except CallError as error:
        # Not dialled before that is known; soon it will be.
        raise CallError(str(error), is_ambiguous=True, retry_after_seconds=LOOK_AGAIN_SECONDS) from error


def _connect(provider: Provider, call: Call) -> None:
    if call.agent is None:
        return
    if not call.agent.audio:
        raise CallError("The agent has no line any more.", is_permanent=True)
    if call.rendered_at is None:
        logger.warning("the record of call %s was not on screen in time; the line opens all the same", call.public_id)
    # One reference an agent: asked twice it rings once, and the next agent is rung anew.
    reference = f"{call.public_id}.{call.agent.public_id}"
    provider.connect(call.provider_id, Audio(call.agent.audio), reference=reference)


def _look_up(provider: Provider, call: Call) -> None:
    """What it knows is a report; what it does not know any more is over, or was never dialled."""
    found = provider.look_up(call_id=call.provider_id, reference=call.public_id)
    if found is not None:
        phone.receive(found)
        _end_unwanted(provider, call)
    elif not Call.objects.filter(pk=call.pk, status=call.status, heard_at=call.heard_at).exists():
        # Something was heard of it while we asked.
        return
    elif call.status == Status.DIALING or call.status == Status.UNKNOWN:
        if database_now() - call.created_at >= LOST_AFTER:
            _end_lost(call, Report.FAILED)
    else:
        _end_lost(call, Report.ENDED)


def _end_unwanted(provider: Provider, call: Call) -> None:
    """One that goes on although it was to end: the provider could not be told when it was."""
    found = Call.objects.select_related("handoff").get(pk=call.pk)
    if found.status in LIVE and found.provider_id and not phone.is_wanted(found, found.handoff):
        provider.hang_up(found.provider_id)


def _hang_up(provider: Provider, call: Call) -> None:
    """A dial whose id nobody has told us is looked for: it may be ringing."""
    call_id = call.provider_id
    if not call_id:
        found = provider.look_up(call_id="", reference=call.public_id)
        if found is None:
            raise CallError("The provider does not know of this call, or not yet.")
        call_id = found.call_id
    provider.hang_up(call_id)


def _end_lost(call: Call, kind: Report) -> None:
    phone.receive(
        CallEvent(
            provider=call.provider,
            event_id=f"{call.public_id}:lost",
            call_id=call.provider_id,
            kind=kind,
            reference=call.public_id,
        )
    )


def _note_failure(task: CallTask, error: CallError) -> None:
    logger.warning("asking %s to %s call %s failed: %s", task.provider, task.kind, task.call.public_id, error)
    now = database_now()
    if tasks.put_off(task, error, now=now):
        return
    if task.kind == Kind.ORIGINATE and error.is_ambiguous:
        _lose_track(task)
        return
    tasks.finish(task, now=now, error=str(error))
    if task.kind == Kind.ORIGINATE:
        _end_lost(task.call, Report.FAILED)
    elif task.kind == Kind.LOOK_UP:
        _end_silent(task.call, now=now)
    else:
        _tell_trouble(task.call, Kind(task.kind))


def _tell_trouble(call: Call, kind: Kind) -> None:
    """What was asked was not done: the agent learns it, and nothing is shown as done that was not."""
    with log.recording() as record:
        found, handoff = calls.lock_call(Call.objects.select_related("handoff").get(pk=call.pk))
        if handoff is not None and found.status in LIVE:
            calls.change(found, trouble="provider", **_UNDONE.get(kind, {}))
            record.entries.append(calls.changed(found))


def _end_silent(call: Call, *, now: datetime) -> None:
    """Of a system that asks instead of being asked: who does not ask any more is not on the line any more."""
    if not registry.has_to_ask(call.provider):
        return
    last = CallReport.objects.filter(call=call).order_by("-at").values_list("at", flat=True).first()
    patience = LONGEST_TALK if call.status == Status.BRIDGED else LOST_AFTER
    if now - (last or call.created_at) >= patience:
        _end_lost(call, Report.ENDED)


def _lose_track(task: CallTask) -> None:
    with log.recording() as record:
        call, _ = calls.lock_call(Call.objects.select_related("handoff").get(pk=task.call_id))
        if not tasks.finish(task, now=record.now, error="nobody can say whether it was dialled"):
            return
        calls.lose_track(call, now=record.now)
        tasks.add(call, Kind.LOOK_UP, due_at=record.now)
        record.entries.append(calls.changed(call))


def _asking(control: Control) -> Callable[[Provider, Call], None]:
    return lambda provider, call: provider.control(call.provider_id, control)


_ASKS: Final[dict[Kind, Callable[[Provider, Call], None]]] = {
    Kind.ORIGINATE: _originate,
    Kind.CONNECT: _connect,
    Kind.PARK: lambda provider, call: provider.park(call.provider_id),
    Kind.HANG_UP: _hang_up,
    Kind.LOOK_UP: _look_up,
    Kind.HOLD: _asking(Control.HOLD),
    Kind.RESUME: _asking(Control.RESUME),
    Kind.MUTE: _asking(Control.MUTE),
    Kind.UNMUTE: _asking(Control.UNMUTE),
}
