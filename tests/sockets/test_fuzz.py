"""Whatever is thrown at a socket: one answer a command, a known code, and never an end without a bye."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handoff.api.errors import STATUS
from handoff.protocol import commands
from handoff.realtime.threads import in_database as off_loop
from handoff.staffing.models import Agent
from tests.scenes import connect
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)

CODES = {*STATUS, "unknown_command", "forbidden", "bad_frame"} - {"not_saved", "not_ready"}
# A word that becomes the open handoff's id, so that commands get past the first look-up.
HERE = "<the handoff>"
FUZZ = settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
values = st.recursive(
    scalars
    | st.sampled_from([HERE, 2**63, -(2**63) - 1, 10**40, 1e308, "\0", "\u202e", "4111111111111111", "x" * 4001]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=8,
)
NAMES = sorted({command.NAME for command in (*commands.CUSTOMER_COMMANDS, *commands.AGENT_COMMANDS)} - {"ping"})
FIELDS = sorted(
    {name for command in commands.AGENT_COMMANDS + commands.CUSTOMER_COMMANDS for name in command.__struct_fields__}
)
plausible = {
    "handoff": st.just(HERE),
    "client_id": st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z"),
    "text": text,
    "seq": st.integers(0, 2**53 - 1),
    "key": st.sampled_from(["a", "b.c", "4111111111111111"]),
    "source": st.sampled_from(["observed", "stated", "verified", "desk"]),
    "value": scalars,
    "label": st.none() | text,
    "version": st.none() | st.integers(0, 9),
    "disposition": text,
    "facts": st.lists(st.fixed_dictionaries({"key": text, "value": values}, optional={"at": text}), max_size=3),
    "steps": st.lists(st.fixed_dictionaries({"path": text}, optional={"at": text, "title": text}), max_size=3),
    "available": st.booleans(),
    "reason": st.none() | text,
}


@st.composite
def command(draw: Any) -> dict[str, Any]:
    """A known name with some of the fields there are: mostly of the right kind, sometimes anything."""
    chosen = draw(st.sets(st.sampled_from(sorted(set(FIELDS) - {"cmd", "id"})), max_size=4)) | {"handoff"}
    fields = {name: draw(plausible.get(name, values) if draw(st.integers(0, 3)) else values) for name in sorted(chosen)}
    return {"cmd": draw(st.sampled_from(NAMES) | text)} | fields


def aimed(frame: dict[str, Any], handoff: str) -> dict[str, Any]:
    return json.loads(json.dumps(frame).replace(json.dumps(HERE), json.dumps(handoff)))


@pytest.mark.parametrize("side", ["customer", "agent"])
@FUZZ
@given(frames=st.lists(command(), min_size=10, max_size=30))
async def test_every_command_gets_one_answer_with_a_known_code(serving, maya, amira, side, frames) -> None:
    await off_loop(lambda: Agent.objects.update(capacity=1000))
    current = await off_loop(lambda: maya.ask().body)
    handoff = current["id"] if current["state"] == "connected" else await off_loop(connect, maya, amira)
    socket = await (serving.customer(maya) if side == "customer" else serving.agent(await off_loop(Desk, amira)))
    for number, frame in enumerate(frames):
        await socket.say(aimed(frame, handoff) | {"id": f"f{number}"})
    await socket.settled()
    answers = [await socket.answer(f"f{number}") for number in range(len(frames))]
    codes = {answer["code"] for answer in answers if answer["ev"] == "error"}
    assert codes <= CODES
    count = sum(frame["ev"] in ("ack", "error") for frame in socket.frames)
    assert count == len(frames)
    assert socket.cursors()
    await socket.leave()


raw_frames = st.text(max_size=60) | st.binary(max_size=60) | values.map(json.dumps) | command().map(json.dumps)


@pytest.mark.parametrize("side", ["customer", "agent"])
@FUZZ
@given(frames=st.lists(raw_frames, min_size=1, max_size=8))
async def test_rubbish_closes_4400_with_a_bye_or_is_answered(serving, maya, amira, side, frames) -> None:
    socket = await (serving.customer(maya) if side == "customer" else serving.agent(await off_loop(Desk, amira)))
    for frame in frames:
        await socket.say(frame)
    await socket.say({"cmd": "ping"})
    await socket.until(lambda frame: frame["ev"] in ("pong", "bye"))
    bad = sum(frame.get("code") == "bad_frame" for frame in socket.frames if frame["ev"] == "error")
    if bad >= 3:
        assert await socket.ended() == 4400
    assert bad <= 3
    await socket.leave()


@pytest.mark.parametrize("path", ["/ws/customer", "/ws/agent"])
@FUZZ
@given(frame=raw_frames | st.fixed_dictionaries({"cmd": st.just("hello"), "ticket": values, "resume": values}))
async def test_any_first_frame_but_a_good_hello_ends_with_a_bye(serving, harbour, path, frame) -> None:
    socket = await serving.open(path)
    await socket.say(frame)
    assert await socket.ended() == 4401
