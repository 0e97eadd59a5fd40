"""The events that an Asterisk 22.10.1 really sent, replayed to the calls that they were."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from handoff.telephony.backends.asterisk_call import Call
from handoff.telephony.backends.asterisk_calls import Effect, Switchboard
from handoff.telephony.backends.asterisk_wire import Ask
from handoff.telephony.base import AskCode, CallEvent, Hold, Kind

FIXTURES = Path(__file__).parent.parent / "fixtures"
CALLER, AGENT = "1795353754.1", "1795353756.2"


@pytest.fixture(scope="module")
def recorded() -> list[dict[str, Any]]:
    lines = (FIXTURES / "ari_events.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_the_recording_is_what_was_recorded() -> None:
    said = tomllib.loads((FIXTURES / "ari_events.provenance.toml").read_text())
    data = (FIXTURES / "ari_events.jsonl").read_bytes()
    assert said["provenance"] == "recorded"
    assert said["sha256"] == hashlib.sha256(data).hexdigest()
    assert said["events"] == len(data.splitlines()) == 60


class Replay:
    """With a decision that asks for six digits, then holds and has the agent rung who was rung in the recording."""

    def __init__(self) -> None:
        self.board = Switchboard(app="gethelp")
        self.told: list[CallEvent] = []
        self.asked: list[Ask] = []

    def play(self, events: list[dict[str, Any]], *, doubled: bool = False) -> Replay:
        for event in events:
            for _ in range(2 if doubled and event["type"] != "ChannelDtmfReceived" else 1):
                self._carry_out(self.board.take(event, now=101.0))
        assert not self.board.calls
        return self

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Ask):
                self.asked.append(effect)
            else:
                self._decide(effect)

    def _decide(self, event: CallEvent) -> None:
        self.told.append(event)
        if event.kind is Kind.RINGING:
            self._carry_out(self.board.instruct(event.call_id, AskCode(6), now=100.0))
        if event.kind is Kind.CODE_ENTERED:
            self._carry_out(self.board.instruct(event.call_id, Hold(), now=101.0))
            call = self.board.calls[event.call_id]
            ring = self.board.join(call, reference=AGENT, endpoint="PJSIP/agent", asks_press=False, seconds=25)
            assert ring is not None
            self.asked.append(ring)


def test_the_recording_replays_to_the_call_that_it_was(recorded: list[dict[str, Any]]) -> None:
    replay = Replay().play(recorded)
    told, asked = replay.told, replay.asked
    assert [event.kind for event in told] == [
        Kind.RINGING,
        Kind.ANSWERED,
        Kind.CODE_ENTERED,
        Kind.AGENT_RINGING,
        Kind.BRIDGED,
        Kind.ENDED,
    ]
    assert {(event.provider, event.call_id) for event in told} == {("asterisk", CALLER)}
    assert (told[0].caller, told[0].called) == ("caller", "18005550100")
    assert told[2].digits == "482913"
    assert {event.reference for event in told[3:5]} == {AGENT}
    assert len({event.event_id for event in told}) == len(told)
    assert [f"{ask.method} {ask.uri}" for ask in asked] == [
        f"POST channels/{CALLER}/answer",
        f"POST channels/{CALLER}/play",
        f"DELETE playbacks/{CALLER}-code-100000",
        f"POST channels/{CALLER}/moh",
        "POST channels",
        f"DELETE channels/{CALLER}/moh",
        f"POST bridges/{CALLER}-bridge",
        f"POST bridges/{CALLER}-bridge/addChannel",
        f"DELETE channels/{AGENT}",
        f"DELETE bridges/{CALLER}-bridge",
    ]


def test_what_is_told_twice_is_one_event(recorded: list[dict[str, Any]]) -> None:
    once, twice = Replay().play(recorded).told, Replay().play(recorded, doubled=True).told
    assert [event.event_id for event in twice] == [event.event_id for event in once]


def test_a_recording_that_begins_in_the_middle_ends_its_call_all_the_same(recorded: list[dict[str, Any]]) -> None:
    """As after a restart of ours: whoever is left is let go, and the call that ended is told as ended."""
    board = Switchboard(app="gethelp")
    middle = next(place for place, event in enumerate(recorded) if event["type"] == "ChannelHangupRequest")
    effects = [effect for event in recorded[middle:] for effect in board.take(event, now=1.0)]
    ends = [effect.event_id for effect in effects if isinstance(effect, CallEvent)]
    assert ends == [f"{CALLER}:ended", f"{AGENT}:ended"]
    assert Call(call_id=CALLER).event(Kind.ENDED).event_id == ends[0]


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_no_cut_of_the_recording_trips_it(recorded: list[dict[str, Any]], cut: int) -> None:
    board = Switchboard(app="gethelp")
    for event in [*recorded[cut:], *recorded[:cut], {}, {"type": "StasisStart"}, {"type": "Dial", "peer": None}]:
        board.take(event, now=1.0)


def left_bridge(bridge: str, *others: str) -> dict[str, Any]:
    """Provenance: documented, after the recorded event of that name."""
    return {
        "type": "ChannelLeftBridge",
        "bridge": {"id": bridge, "channels": list(others)},
        "channel": {"id": "1.1", "state": "Up"},
    }


def test_nobody_is_left_alone_in_a_talk_from_before_a_restart() -> None:
    board = Switchboard(app="gethelp")
    assert board.take(left_bridge("1.1-bridge", "offer-1"), now=1.0) == [Ask("DELETE", "channels/offer-1")]
    assert board.take(left_bridge("somebody-else-s", "offer-1"), now=1.0) == []
