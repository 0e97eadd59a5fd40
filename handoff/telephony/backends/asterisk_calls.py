"""The calls of one Asterisk: what its events mean, and what it is asked to do next. No socket, no clock, no thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from handoff.telephony.backends import asterisk_wire as wire
from handoff.telephony.backends.asterisk_call import BRIDGE, CUSTOMER, Call, Prompts
from handoff.telephony.backends.asterisk_wire import Ask
from handoff.telephony.base import AskCode, CallEvent, Control, HangUp, Hold, Instruction, Kind, Order

# From the end of an instruction to the first key, prompt included, and from key to key.
FIRST_KEY_SECONDS: Final = 15.0
NEXT_KEY_SECONDS: Final = 6.0
PRESS_SECONDS: Final = 12.0
# Ended calls whose end can still be looked up.
REMEMBERED: Final = 2000

Effect = Ask | CallEvent


@dataclass
class Switchboard:
    """Every live call; its owner holds a lock around each method."""

    app: str
    prompts: Prompts = field(default_factory=Prompts)
    calls: dict[str, Call] = field(default_factory=dict)
    ended: dict[str, CallEvent] = field(default_factory=dict)
    _by_channel: dict[str, Call] = field(default_factory=dict)
    # Channels whose end was dealt with, though Asterisk has more to say of it.
    _past: dict[str, None] = field(default_factory=dict)

    # -- what it is told

    def take(self, event: Mapping[str, Any], *, now: float) -> list[Effect]:
        """What one event leads to; an event of an unknown kind leads to nothing."""
        taken = _TAKEN.get(wire.text_at(event, "type"))
        return taken(self, event, now) if taken else []

    def at_home(self, home: str) -> list[Effect]:
        """That Asterisk is back: its calls are asked after, for some ended while nobody listened."""
        legs = [leg for call in self.calls.values() if call.home == home for leg in (call.channel, call.agent) if leg]
        return [replace(wire.channel(leg), leg=leg) for leg in legs]

    def tick(self, *, now: float) -> list[Effect]:
        """Whose time to key is over."""
        effects: list[Effect] = []
        for call in list(self.calls.values()):
            if call.wanted and now >= call.until:
                effects += self._code(call)
            if call.press_until and now >= call.press_until:
                call.press_until = 0.0
                effects.append(wire.hang_up(call.agent))
        return effects

    def refused(self, leg: str) -> list[Effect]:
        """A channel that was asked for will not be."""
        return self._gone(leg, kind=Kind.FAILED)

    def take_back(self, leg: str) -> None:
        """Asked for and certainly not begun."""
        call = self._by_channel.pop(leg, None)
        if call is not None and call.is_ours:
            self.calls.pop(call.call_id, None)
        elif call is not None:
            call.agent = ""

    # -- what it is asked

    def instruct(self, call_id: str, instruction: Instruction, *, now: float) -> list[Effect]:
        """Connect is not among them: its owner knows how an agent is reached."""
        call = self.calls.get(call_id)
        if call is None or call.is_ours or call.is_ending:
            return []
        match instruction:
            case AskCode():
                return self._ask_code(call, instruction, now=now)
            case HangUp():
                return self._say_goodbye(call)
            case Hold() if not call.is_bridged:
                call.wanted = 0
                return [*self._answered(call), wire.start_music(call.channel)]
        return []

    def begin(self, order: Order, *, agent_endpoint: str, customer_endpoint: str, home: str) -> Ask:
        """Agent first. A process that did not ask for it takes the agent's leg down when it is answered."""
        call = Call(
            call_id=order.reference,
            agent=order.reference,
            reference=order.reference,
            caller=order.caller_id,
            called=order.number,
            order=order,
            customer_endpoint=customer_endpoint,
            asks_press=not order.agent.is_sip,
            home=home,
        )
        self._know(call, call.agent)
        return wire.originate(
            call.agent,
            endpoint=agent_endpoint,
            app=self.app,
            arguments="dial",
            caller_id=order.caller_id,
            seconds=order.ring_seconds,
        )

    def join(self, call: Call, *, reference: str, endpoint: str, asks_press: bool, seconds: int) -> Ask | None:
        """Ring an agent for a caller who waits; None: one is ringing or talking already."""
        if call.agent:
            return None
        call.agent = call.reference = reference
        call.asks_press = asks_press
        self._know(call, reference)
        return wire.originate(
            reference,
            endpoint=endpoint,
            app=self.app,
            arguments=f"agent,{call.call_id}",
            caller_id=call.called,
            seconds=seconds,
        )

    def adopt(self, call_id: str, *, channel: str, home: str) -> Call:
        """A caller who was in line before this process knew of them."""
        call = Call(call_id=call_id, channel=channel, is_up=True, home=home)
        self._know(call, channel)
        return call

    def control(self, call: Call, control: Control) -> list[Ask]:
        match control:
            case Control.HOLD:
                return [wire.take_out(call.bridge, call.channel), wire.start_music(call.channel)]
            case Control.RESUME:
                return [wire.stop_music(call.channel), wire.add(call.bridge, call.channel)]
        return [wire.mute(call.agent, is_on=control is Control.MUTE)]

    def park(self, call: Call) -> list[Ask]:
        """The agent is let go, ringing or talking, and the caller goes back to the music."""
        if not call.agent:
            return []
        agent, call.agent = call.agent, ""
        self._by_channel.pop(agent, None)
        self._forget(agent)
        was_bridged, call.is_bridged, call.press_until = call.is_bridged, False, 0.0
        apart = [wire.take_out(call.bridge, call.channel), wire.destroy_bridge(call.bridge)]
        return [*(apart if was_bridged else []), wire.start_music(call.channel), wire.hang_up(agent)]

    def end(self, call: Call) -> list[Ask]:
        call.is_ending = True
        return [wire.hang_up(leg) for leg in (call.channel, call.agent) if leg]

    # -- events

    def _on_start(self, event: Mapping[str, Any], now: float) -> list[Effect]:
        """A channel entered our application: a caller's from the dialplan, or a leg of ours that was answered."""
        channel, arguments = wire.text_at(event, "channel", "id"), wire.arguments_of(event)
        call = self._by_channel.get(channel)
        if call is None:
            return self._enter(event, channel, arguments)
        if channel == call.agent and arguments[:1] != ["inbound"]:
            return self._agent_answered(call, now=now)
        if channel == call.channel and call.is_ours and not call.is_bridged:
            call.is_up = True
            return [wire.stop_ringing(call.agent), *self._bridge(call)]
        return []

    def _enter(self, event: Mapping[str, Any], channel: str, arguments: list[str]) -> list[Effect]:
        if not channel:
            return []
        if arguments[:1] != ["inbound"]:
            # A leg that nobody here waits for would sit in silence.
            return [wire.hang_up(channel)]
        call = Call(
            call_id=channel,
            channel=channel,
            caller=wire.text_at(event, "channel", "caller", "number"),
            called=arguments[1] if len(arguments) > 1 else wire.text_at(event, "channel", "dialplan", "exten"),
            home=wire.text_at(event, "asterisk_id"),
        )
        self._know(call, channel)
        return [call.event(Kind.RINGING)]

    def _on_state(self, event: Mapping[str, Any], now: float) -> list[Effect]:
        channel = wire.text_at(event, "channel", "id")
        return self._in_state(channel, wire.text_at(event, "channel", "state"))

    def _on_dial(self, event: Mapping[str, Any], now: float) -> list[Effect]:
        channel, status = wire.text_at(event, "peer", "id"), wire.text_at(event, "dialstatus")
        if status == "RINGING":
            return self._in_state(channel, "Ringing")
        kind = wire.DIAL_STATUSES.get(status)
        return self._gone(channel, kind=kind) if kind else []

    def _in_state(self, channel: str, state: str) -> list[Effect]:
        call = self._by_channel.get(channel)
        if call is None:
            return []
        if state == "Ringing":
            kind = Kind.AGENT_RINGING if channel == call.agent else Kind.RINGING
            return self._tell_once(call, kind)
        if state == "Up" and channel == call.channel:
            call.is_up = True
            return self._tell_once(call, Kind.ANSWERED)
        return []

    def _on_key(self, event: Mapping[str, Any], now: float) -> list[Effect]:
        channel, digit = wire.text_at(event, "channel", "id"), wire.text_at(event, "digit")
        call = self._by_channel.get(channel)
        if call is None:
            return []
        if channel == call.agent and call.press_until:
            return self._pressed(call) if digit == "1" else []
        if channel != call.channel or not call.wanted:
            return []
        call.keyed += digit
        call.until = now + NEXT_KEY_SECONDS
        if len(call.keyed) >= call.wanted:
            return self._code(call)
        # The first key says that the words are known.
        return [wire.stop_playing(call.prompt)] if len(call.keyed) == 1 else []

    def _on_bridge(self, event: Mapping[str, Any], now: float) -> list[Effect]:
        call = self._by_channel.get(wire.text_at(event, "channel", "id"))
        inside = set(wire.channels_of(event))
        if call is None or call.is_bridged or not call.agent or not {call.channel, call.agent} <= inside:
            return []
        call.is_bridged = True
        return self._tell_once(call, Kind.BRIDGED)

    def _on_left_bridge(self, event: Mapping[str, Any], now: float) -> list[Effect]:
        """Nobody is left alone in a talk that began before this process."""
        channel = wire.text_at(event, "channel", "id")
        is_ours = wire.text_at(event, "bridge", "id").endswith(BRIDGE)
        if not is_ours or channel in self._by_channel or channel in self._past:
            return []
        strangers = [other for other in wire.channels_of(event) if other not in self._by_channel]
        return [wire.hang_up(other) for other in strangers]

    def _on_left(self, event: Mapping[str, Any], now: float) -> list[Effect]:
        return self._gone(wire.text_at(event, "channel", "id"), kind=None)

    def _on_destroyed(self, event: Mapping[str, Any], now: float) -> list[Effect]:
        cause = event.get("cause")
        kind = wire.CAUSES.get(cause, Kind.FAILED) if isinstance(cause, int) else Kind.FAILED
        return self._gone(wire.text_at(event, "channel", "id"), kind=kind)

    def _on_played(self, event: Mapping[str, Any], now: float) -> list[Effect]:
        """Only a goodbye has something after it; a prompt that cannot be played ends nothing."""
        playback = wire.text_at(event, "playback", "id")
        for call in self.calls.values():
            if call.is_ending and call.prompt == playback:
                return [wire.hang_up(call.channel)]
        return []

    # -- what follows

    def _agent_answered(self, call: Call, *, now: float) -> list[Effect]:
        if not call.asks_press:
            return self._pressed(call)
        call.press_until = now + PRESS_SECONDS
        return [wire.play(call.agent, media=self.prompts.press_one, playback=f"{call.agent}-press")]

    def _pressed(self, call: Call) -> list[Effect]:
        """The agent is there: the caller is put through, or the customer rung."""
        call.press_until = 0.0
        if call.order is None:
            return [wire.stop_music(call.channel), *self._bridge(call)]
        if call.channel:
            return []
        call.channel = f"{call.call_id}{CUSTOMER}"
        self._by_channel[call.channel] = call
        dial = wire.originate(
            call.channel,
            endpoint=call.customer_endpoint,
            app=self.app,
            arguments="customer",
            caller_id=call.order.caller_id,
            seconds=call.order.ring_seconds,
        )
        return [wire.start_ringing(call.agent), dial]

    def _bridge(self, call: Call) -> list[Effect]:
        return [wire.create_bridge(call.bridge), wire.add(call.bridge, call.channel, call.agent)]

    def _ask_code(self, call: Call, ask: AskCode, *, now: float) -> list[Effect]:
        call.wanted, call.keyed = ask.digits, ""
        call.until = now + FIRST_KEY_SECONDS
        call.asked_at = str(int(now * 1000))
        call.prompt = f"{call.call_id}-code-{call.asked_at}"
        media = self.prompts.ask_again if ask.is_again else self.prompts.ask
        return [*self._answered(call), wire.play(call.channel, media=media, playback=call.prompt)]

    def _code(self, call: Call) -> list[Effect]:
        call.wanted = 0
        return [call.event(Kind.CODE_ENTERED, at=call.asked_at, digits=call.keyed)]

    def _say_goodbye(self, call: Call) -> list[Effect]:
        """An unanswered call is refused without a word, which costs its caller nothing."""
        call.is_ending, call.wanted = True, 0
        if not call.is_up:
            return [wire.hang_up(call.channel)]
        call.prompt = f"{call.call_id}-goodbye"
        return [
            wire.stop_music(call.channel),
            wire.play(call.channel, media=self.prompts.goodbye, playback=call.prompt),
        ]

    def _answered(self, call: Call) -> list[Ask]:
        return [] if call.is_up else [wire.answer(call.channel)]

    def _gone(self, channel: str, *, kind: Kind | None) -> list[Effect]:
        """A leg is over; `kind` says how, for one that was never answered."""
        call = self._by_channel.pop(channel, None)
        if call is None:
            return self._stranger_gone(channel)
        self._forget(channel)
        if channel == call.channel:
            return self._customer_gone(call, kind)
        return self._agent_gone(call)

    def _stranger_gone(self, channel: str) -> list[Effect]:
        """Of a call from before this process: by its leg's name, as far as that says which."""
        if not channel or channel in self._past:
            return []
        self._forget(channel)
        call_id = channel.removesuffix(CUSTOMER)
        return [Call(call_id=call_id).event(Kind.ENDED)]

    def _customer_gone(self, call: Call, kind: Kind | None) -> list[Effect]:
        end = Kind.ENDED
        if call.is_ours and not call.is_up:
            end = Kind.CANCELED if call.is_ending else kind or Kind.NO_ANSWER
        return [*([wire.hang_up(call.agent)] if call.agent else []), *self._finish(call, end)]

    def _agent_gone(self, call: Call) -> list[Effect]:
        """After a talk the call is over; before it, a caller waits on, and a customer whom we ring is let go."""
        if call.is_bridged:
            return [wire.hang_up(call.channel)]
        if not call.is_ours:
            call.press_until = 0.0
            event = call.event(Kind.QUEUED)
            call.agent = ""
            return [event]
        if call.channel:
            call.is_ending = True
            return [wire.hang_up(call.channel)]
        return self._finish(call, Kind.CANCELED)

    def _finish(self, call: Call, kind: Kind) -> list[Effect]:
        event = call.event(kind)
        self.calls.pop(call.call_id, None)
        for leg in (call.channel, call.agent):
            self._by_channel.pop(leg, None)
            self._forget(leg)
        self.ended[call.call_id] = event
        if len(self.ended) > REMEMBERED:
            self.ended.pop(next(iter(self.ended)))
        return [event, *([wire.destroy_bridge(call.bridge)] if call.is_bridged else [])]

    def _tell_once(self, call: Call, kind: Kind) -> list[Effect]:
        """Asterisk says some things twice, as a state and as a dial."""
        event = call.event(kind)
        if event.event_id in call.told:
            return []
        call.told.add(event.event_id)
        return [event]

    def _forget(self, channel: str) -> None:
        self._past[channel] = None
        if len(self._past) > REMEMBERED:
            self._past.pop(next(iter(self._past)))

    def _know(self, call: Call, channel: str) -> None:
        self.calls[call.call_id] = call
        self._by_channel[channel] = call


_TAKEN: Final[Mapping[str, Callable[[Switchboard, Mapping[str, Any], float], list[Effect]]]] = {
    "StasisStart": Switchboard._on_start,
    "StasisEnd": Switchboard._on_left,
    "ChannelStateChange": Switchboard._on_state,
    "ChannelDtmfReceived": Switchboard._on_key,
    "ChannelEnteredBridge": Switchboard._on_bridge,
    "ChannelLeftBridge": Switchboard._on_left_bridge,
    "ChannelDestroyed": Switchboard._on_destroyed,
    "Dial": Switchboard._on_dial,
    "PlaybackFinished": Switchboard._on_played,
}
