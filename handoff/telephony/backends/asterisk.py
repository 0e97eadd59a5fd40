"""Asterisk by ARI: its own socket to us carries its events, and our requests back."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from handoff.telephony.backends import asterisk_wire as wire
from handoff.telephony.backends.asterisk_call import CUSTOMER, NAME, Call, Prompts
from handoff.telephony.backends.asterisk_calls import Effect, Switchboard
from handoff.telephony.backends.asterisk_link import Answer, Link, Run
from handoff.telephony.backends.asterisk_wire import Ask
from handoff.telephony.base import (
    Audio,
    CallError,
    CallEvent,
    Connect,
    Control,
    Hold,
    Instruction,
    Kind,
    Order,
    Report,
    plain_number,
)

logger = logging.getLogger(__name__)

AGENT_ENDPOINT: Final = "PJSIP/{user}"
RING_SECONDS: Final = 25
# A report that cannot be stored is tried again, for nobody tells it to us twice; no longer than a caller would wait.
RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
_PING: Final = Ask("GET", "asterisk/ping")
_NUMBER: Final = re.compile(r"\+?[0-9]{2,20}")
_USER: Final = re.compile(r"[A-Za-z0-9_.+-]{1,64}")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_EXISTS: Final = 409
_NOT_FOUND: Final = 404


class AsteriskProvider:
    """One or more instances; each opens a socket to one process, and only that process can speak to it."""

    name = NAME
    controls = frozenset(Control)

    def __init__(
        self,
        *,
        user: str,
        password: str,
        app: str,
        trunk: str,
        report: Report,
        agent_endpoint: str = AGENT_ENDPOINT,
        prompts: Prompts | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`trunk` is where `{number}` is dialled, e.g. `PJSIP/{number}@trunk`; `agent_endpoint` where a `{user}` is."""
        self.user = user
        self.password = password
        self._trunk = trunk
        self._agent_endpoint = agent_endpoint
        self._report = report
        self._clock = clock
        self._calls = Switchboard(app=app, prompts=prompts or Prompts())
        self._links: list[Link] = []
        # Around every touch of the calls, and around sending, so that requests leave in the order they were decided.
        self._lock = threading.RLock()

    # -- sockets

    def open_link(self, send_text: Callable[[str], None], *, run: Run) -> Link:
        """`send_text` sends from any thread without blocking; `run` calls its argument with a database at hand."""
        link = Link(send_text, run=run, on_event=self._on_event, on_answer=self._on_answer, on_tick=self._on_tick)
        with self._lock:
            self._links.append(link)
        link.send(_PING)
        return link

    def close_link(self, link: Link) -> None:
        with self._lock:
            self._links.remove(link)
        link.close()

    def _on_event(self, link: Link, event: dict[str, Any]) -> None:
        if wire.text_at(event, "playback", "state") == "failed":
            logger.warning("Asterisk cannot play %s", wire.text_at(event, "playback", "media_uri"))
        with self._lock:
            self._carry_out(self._calls.take(event, now=self._clock()), link)

    def _on_answer(self, link: Link, ask: Ask, answer: Answer) -> None:
        if ask is _PING:
            with self._lock:
                link.home = wire.text_at(answer.body, "asterisk_id")
                self._carry_out(self._calls.at_home(link.home), link)
            return
        if answer.status < 400:
            return
        # What is gone already is the usual answer to an end that crossed with theirs.
        level = logging.DEBUG if answer.status == _NOT_FOUND else logging.WARNING
        logger.log(level, "Asterisk refused %s %s with %s", ask.method, ask.uri, answer.status)
        if ask.leg and (answer.status == _NOT_FOUND if ask.method == "GET" else answer.status != _EXISTS):
            with self._lock:
                self._carry_out(self._calls.refused(ask.leg), link)

    def _on_tick(self) -> None:
        with self._lock:
            for effect in self._calls.tick(now=self._clock()):
                self._carry_out([effect], self._links[0] if self._links else None)

    def _carry_out(self, effects: Iterable[Effect], link: Link | None) -> None:
        for effect in effects:
            if link is None or not link.is_open:
                logger.warning("no Asterisk is connected; left undone: %s", type(effect).__name__)
            elif isinstance(effect, CallEvent):
                link.in_lane(effect, self._decide)
            else:
                with suppress(CallError):
                    # It went this moment; what it misses is seen when it is back.
                    link.send(effect)

    def _decide(self, event: CallEvent) -> None:
        instruction = self._reported(event)
        if isinstance(instruction, Connect):
            self._connect_or_hold(event, instruction)
            return
        with self._lock:
            effects = self._calls.instruct(event.call_id, instruction, now=self._clock())
            self._carry_out(effects, self._link_of(event.call_id))

    def _reported(self, event: CallEvent) -> Instruction:
        for seconds in RETRY_SECONDS:
            try:
                return self._report(event)
            except Exception:
                # Whatever it is, most likely the database is away; the event's id makes the repeat safe.
                logger.exception("a report of a call could not be stored; trying again")
                time.sleep(seconds)
        try:
            return self._report(event)
        except Exception:
            logger.exception("a report of a call was lost")
            return Hold()

    def _connect_or_hold(self, event: CallEvent, told: Connect) -> None:
        try:
            self.connect(event.call_id, told.agent, reference=told.reference)
        except CallError:
            logger.exception("an agent could not be rung")

    # -- what it can be asked to do

    def is_reachable(self) -> bool:
        return bool(self._links)

    def originate(self, order: Order) -> str:
        """The agent's channel is named by the reference, so that Asterisk itself refuses a second one."""
        agent, customer = self._endpoint(order.agent), self._number_endpoint(order.number)
        reference = _checked(order.reference)
        with self._lock:
            if reference in self._calls.calls or reference in self._calls.ended:
                return reference
            link = self._any_link()
            ask = self._calls.begin(order, agent_endpoint=agent, customer_endpoint=customer, home=link.home)
        self._dial(link, ask)
        return reference

    def connect(self, call_id: str, agent: Audio, *, reference: str) -> None:
        endpoint = self._endpoint(agent)
        call, link = self._find(call_id)
        with self._lock:
            ask = self._calls.join(
                call,
                reference=_checked(reference),
                endpoint=endpoint,
                asks_press=not agent.is_sip,
                seconds=RING_SECONDS,
            )
        if ask is not None:
            self._dial(link, ask)

    def park(self, call_id: str) -> None:
        call, link = self._find(call_id)
        with self._lock:
            asks = self._calls.park(call)
        for ask in asks:
            answer = link.request(ask)
            if answer.status != _NOT_FOUND:
                _require(answer)

    def control(self, call_id: str, control: Control) -> None:
        call, link = self._find(call_id)
        for ask in self._calls.control(call, control):
            _require(link.request(ask))

    def hang_up(self, call_id: str) -> None:
        """A leg that has gone already is no error; of a call from before this process, both are asked to go."""
        with self._lock:
            call = self._calls.calls.get(call_id)
            asks = self._calls.end(call) if call else [wire.hang_up(leg) for leg in (call_id, call_id + CUSTOMER)]
            link = self._link_of(call_id) or self._any_link()
        for ask in asks:
            answer = link.request(ask)
            if answer.status != _NOT_FOUND:
                _require(answer)

    def look_up(self, *, call_id: str, reference: str) -> CallEvent | None:
        """Asterisk keeps no past: what ended is known here, and elsewhere only as a channel that there is no more."""
        wanted = call_id or _checked(reference)
        with self._lock:
            call = self._calls.calls.get(wanted)
            if ended := self._calls.ended.get(wanted):
                return ended
        answers = [link.request(wire.channel(leg)) for link in self._open_links() for leg in _legs(call, wanted)]
        found = [answer.body for answer in answers if answer.status < 400]
        if not found:
            return Call(call_id=wanted, reference=reference).event(Kind.ENDED) if call_id else None
        return _standing(call or Call(call_id=wanted, reference=reference), found)

    # -- the rest

    def _dial(self, link: Link, ask: Ask) -> None:
        """Raises CallError; whatever certainly did not happen is forgotten, so that it can be asked again."""
        try:
            answer = link.request(ask)
            if answer.status != _EXISTS:
                _require(answer)
        except CallError as error:
            if not error.is_ambiguous:
                with self._lock:
                    # Told by the error; the event of it would tell it twice.
                    self._calls.take_back(ask.leg)
            raise

    def _find(self, call_id: str) -> tuple[Call, Link]:
        """Raises CallError for a call that no Asterisk here has."""
        with self._lock:
            call = self._calls.calls.get(call_id)
            link = self._link_of(call_id)
        if call is not None and link is not None:
            return call, link
        for link in self._open_links():
            if link.request(wire.channel(call_id)).status < 400:
                with self._lock:
                    return self._calls.adopt(call_id, channel=call_id, home=link.home), link
        raise CallError("Asterisk has no such call.", is_permanent=True)

    def _link_of(self, call_id: str) -> Link | None:
        call = self._calls.calls.get(call_id)
        if call is None:
            return None
        at_home = [link for link in self._links if link.home == call.home]
        return next(iter(at_home or self._links), None)

    def _any_link(self) -> Link:
        return self._open_links()[0]

    def _open_links(self) -> list[Link]:
        with self._lock:
            if not self._links:
                raise CallError("No Asterisk is connected to this process.")
            return list(self._links)

    def _endpoint(self, audio: Audio) -> str:
        """Raises CallError for what could be read as more than an address."""
        if not audio.is_sip:
            return self._number_endpoint(audio.address)
        user = audio.address.removeprefix("sip:").partition("@")[0]
        if not _USER.fullmatch(user):
            raise CallError("The agent's address cannot be dialled.", is_permanent=True)
        return self._agent_endpoint.format(user=user)

    def _number_endpoint(self, number: str) -> str:
        plain = plain_number(number)
        if not _NUMBER.fullmatch(plain):
            raise CallError("The number cannot be dialled.", is_permanent=True)
        return self._trunk.format(number=plain)


def _checked(reference: str) -> str:
    if not _REFERENCE.fullmatch(reference):
        raise CallError("A reference has letters, digits, dots and dashes.", is_permanent=True)
    return reference


def _require(answer: Answer) -> None:
    """Raises CallError for what was refused."""
    if not 200 <= answer.status < 300:
        is_permanent = 400 <= answer.status < 500
        raise CallError(f"Asterisk refused with {answer.status}.", is_permanent=is_permanent)


def _legs(call: Call | None, wanted: str) -> list[str]:
    if call is None:
        return [wanted, wanted + CUSTOMER]
    return [leg for leg in (call.agent, call.channel) if leg]


def _standing(call: Call, channels: list[dict[str, Any]]) -> CallEvent:
    """By what its channels say, where nothing better is known here."""
    if call.is_bridged:
        return call.event(Kind.BRIDGED)
    states = {wire.text_at(channel, "id"): wire.text_at(channel, "state") for channel in channels}
    # What is named by our reference is the agent's leg of a dial of ours.
    is_ours = call.call_id == call.reference
    customer = states.get(call.call_id + CUSTOMER if is_ours else call.call_id)
    if customer is None or (call.agent in states and not is_ours):
        return call.event(Kind.AGENT_RINGING)
    return call.event(Kind.ANSWERED if customer == "Up" else Kind.RINGING)
