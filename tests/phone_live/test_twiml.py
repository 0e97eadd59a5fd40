"""Whole calls by signed webhooks against a live server: a local Twilio rings, people tap, accept and talk."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import pytest

from tests.faults.guests import Guests
from tests.faults.stack import off_loop
from tests.phone_live.line import AMIRA, NUMBER, TOMAS, Line, Seat, Visit, call_is
from tests.telephony.twiml_engine import Phone, through_http

WRONG = "00000000"


# -- customers who call


async def test_a_caller_is_put_through_once_the_record_is_on_screen(line: Line, guests: Guests) -> None:
    line.engine.phones[AMIRA] = Phone()
    maya, amira = await Visit.begin(guests), await Seat.take(guests, "amira", available=False)
    handoff, code = await maya.ask_for_code()
    call = line.engine.call_in(maya.mobile, NUMBER, presses=code)
    told = await maya.say_it_is_me(handoff)
    assert (told["evidence"], told["caller"]) == ("code", f"..{maya.mobile[-4:]}")

    await amira.begin_work()
    record = await amira.assigned(handoff)
    assert (record["call"]["evidence"], record["call"]["claim"]) == ("tap", "mine")
    assert line.moves(call) == []
    await amira.render(handoff)
    assert (await call_is(amira.heard, status="bridged"))["is_rendered"]
    [document] = line.moves(call)
    assert "<Dial" in document
    # Brought forward by what the console said, not by the limit to waiting for it.
    asked = line.ask(
        "SELECT t.due_at = c.rendered_at FROM handoff_calltask t JOIN handoff_call c ON c.id = t.call_id"
        " WHERE t.kind = 'connect' AND c.public_id = ?",
        told["id"],
    )
    assert asked == [(1,)]
    leg = line.engine.leg_of(call)
    assert leg is not None
    assert leg.to == AMIRA
    await line.until(lambda: call.talks_to == leg.sid)

    line.engine.hang_up(call)
    await call_is(amira.heard, status="ended")
    await call_is(maya.heard, status="ended")
    await amira.wrap_up(handoff)


async def test_a_console_that_says_nothing_does_not_cost_the_call(line: Line, guests: Guests) -> None:
    line.engine.phones[AMIRA] = Phone()
    maya, amira = await Visit.begin(guests), await Seat.take(guests, "amira")
    handoff, code = await maya.ask_for_code()
    call = line.engine.call_in(maya.mobile, NUMBER, presses=code)
    await amira.assigned(handoff)
    assert line.moves(call) == []
    assert not (await call_is(amira.heard, status="bridged"))["is_rendered"]
    line.engine.hang_up(call)
    await call_is(amira.heard, status="ended")
    await amira.wrap_up(handoff)


async def test_each_webhook_twice_is_one_call(line: Line, guests: Guests) -> None:
    line.engine.phones[AMIRA] = Phone()
    maya, amira = await Visit.begin(guests), await Seat.take(guests, "amira", available=False)
    handoff, code = await maya.ask_for_code()
    before = line.count()
    line.way.is_doubling = True
    call = line.engine.call_in(maya.mobile, NUMBER, presses=WRONG + code)
    await maya.say_it_is_me(handoff)
    await amira.begin_work()
    await amira.assigned(handoff)
    await amira.render(handoff)
    await call_is(amira.heard, status="bridged")
    line.engine.hang_up(call)
    await call_is(amira.heard, status="ended")
    await line.until(lambda: len(line.way.pairs) >= 5)
    assert [first for first, _ in line.way.pairs] == [again for _, again in line.way.pairs]
    after = line.count()
    assert after["call"] - before["call"] == 1
    assert after["handoff"] == before["handoff"]
    assert len(line.moves(call)) == 1
    assert line.ask("SELECT wrong_codes FROM handoff_call ORDER BY id DESC LIMIT 1") == [(1,)]

    # And all of it once more, in the other order, when it is over.
    line.way.is_doubling = False
    asked = [one for one in line.engine.asked if call.sid in (one[1]["CallSid"], one[1].get("ParentCallSid"))]
    for url, params in reversed(asked):
        headers = {line.engine.header: line.engine.validator.compute_signature(url, params)}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        status, _ = await off_loop(line.way, url, urlencode(params).encode(), headers)
        assert status == 200
    assert line.count() == after
    await amira.wrap_up(handoff)


async def test_three_wrong_codes_make_a_stranger_whom_a_human_answers(line: Line, guests: Guests) -> None:
    line.engine.phones[AMIRA] = Phone()
    maya, amira = await Visit.begin(guests), await Seat.take(guests, "amira")
    own, _ = await maya.ask_for_code()
    # Whoever calls is nobody's guest.
    amira.agent.decide = lambda offer: "accept"
    call = line.engine.call_in(maya.mobile, NUMBER, presses=3 * WRONG)
    record = (await amira.heard.event("handoff.assigned"))["data"]
    assert record["id"] != own
    assert not record["customer"]["verified"]
    assert record["call"]["evidence"] == "none"
    await amira.render(record["id"])
    await call_is(amira.heard, status="bridged")
    assert len([words for words in call.said if "not right" in words]) == 2
    line.engine.hang_up(call)
    await call_is(amira.heard, status="ended")
    await amira.wrap_up(record["id"])
    # Maya's own still waits for her call.
    assert (await maya.customer.call("GET", f"handoffs/{own}")).body["state"] == "awaiting_call"


@pytest.mark.parametrize("signature", [None, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="])
async def test_what_is_not_signed_leaves_nothing_behind(line: Line, guests: Guests, signature: str | None) -> None:
    maya = await Visit.begin(guests)
    _, code = await maya.ask_for_code()
    before = line.count()
    params = {"CallSid": "CA1", "CallStatus": "ringing", "From": maya.mobile, "To": NUMBER, "Digits": code}
    stamp = int(time.time() * 1000)
    for step in ("incoming", f"code?t={stamp}", f"hold?t={stamp}", "status"):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        headers |= {line.engine.header: signature} if signature else {}
        url = f"http://127.0.0.1:{line.way.port}/voice/twilio/{step}"
        status, _ = await off_loop(through_http, url, urlencode(params).encode(), headers)
        assert status == 403
    assert line.count() == before


async def test_an_agent_who_does_not_press_one_keeps_the_handoff(line: Line, guests: Guests) -> None:
    line.engine.phones[TOMAS] = Phone()
    maya, tomas = await Visit.begin(guests), await Seat.take(guests, "tomas")
    handoff, code = await maya.ask_for_code()
    call = line.engine.call_in(maya.mobile, NUMBER, presses=code)
    await tomas.assigned(handoff)
    await tomas.render(handoff)
    missed = await call_is(tomas.heard, trouble="agent_line")
    assert missed["status"] == "queued"
    assert call.is_live
    shown = await maya.customer.call("GET", f"handoffs/{handoff}")
    assert (shown.body["state"], shown.body["agent"]) == ("connected", {"name": "Tomas"})
    # Told again that he is there, it rings him again; this time he presses.
    line.engine.phones[TOMAS] = Phone(presses="1")
    await tomas.render(handoff)
    await call_is(tomas.heard, status="bridged", trouble=None)
    line.engine.hang_up(call)
    await call_is(tomas.heard, status="ended")
    await tomas.wrap_up(handoff)


# -- customers whom we call


async def test_a_callback_rings_the_agent_first_and_a_busy_customer_later(line: Line, guests: Guests) -> None:
    maya, amira = await Visit.begin(guests), await Seat.take(guests, "amira")
    line.engine.phones |= {AMIRA: Phone(), maya.mobile: Phone("busy")}
    handoff = await maya.ask_for_callback()
    await amira.assigned(handoff)
    # No silent calls: nobody is rung before the agent says so.
    assert line.made() == []
    await amira.agree("callback.dial", handoff=handoff)
    await maya.heard.event("handoff.changed", state="scheduled")
    await amira.heard.event("handoff.unassigned", id=handoff)
    dial = line.dial_of(handoff)
    assert dial is not None
    leg = line.engine.leg_of(dial)
    assert leg is not None
    assert [(dial.to, dial.from_), (leg.to, leg.from_)] == [(AMIRA, NUMBER), (maya.mobile, NUMBER)]
    shown = (await maya.customer.call("GET", f"handoffs/{handoff}")).body
    assert (shown["callback"]["attempts"], shown["callback"]["last_outcome"]) == (1, "busy")
    assert shown["callback"]["next_at"]
    assert len(line.made()) == 1


@pytest.mark.parametrize("was_done", [False, True])
async def test_a_provider_that_asks_for_patience_has_it(line: Line, guests: Guests, *, was_done: bool) -> None:
    """It is asked again when it said; unless it turns out that it had done what it seemed to refuse."""
    maya, amira = await Visit.begin(guests), await Seat.take(guests, "amira")
    line.engine.phones |= {AMIRA: Phone(), maya.mobile: Phone()}
    handoff = await maya.ask_for_callback()
    await amira.assigned(handoff)
    refusal = (503, {"Retry-After": "1"})
    if was_done:
        line.engine.api.denial = refusal
        line.way.is_open.clear()
    else:
        line.engine.api.trouble = [refusal]
    asked_at = time.monotonic()
    await amira.agree("callback.dial", handoff=handoff)
    if was_done:
        await call_is(amira.heard, status="agent_ringing")
        line.way.is_open.set()
    await line.until(lambda: any(call.talks_to for call in line.engine.calls.values()))
    assert time.monotonic() - asked_at >= 1
    await call_is(amira.heard, status="bridged")
    assert len(line.made()) == (1 if was_done else 2)
    assert [call.to for call in line.engine.calls.values() if call.is_live] == [AMIRA, maya.mobile]
    await hang_up_and_wrap_up(line, amira, handoff)


async def test_a_dial_whose_answer_does_not_come_is_looked_up_and_not_made_again(line: Line, guests: Guests) -> None:
    maya, amira = await Visit.begin(guests), await Seat.take(guests, "amira")
    line.engine.phones |= {AMIRA: Phone(), maya.mobile: Phone()}
    handoff = await maya.ask_for_callback()
    await amira.assigned(handoff)
    line.way.is_open.clear()
    line.engine.api.may_answer.clear()
    await amira.agree("callback.dial", handoff=handoff)
    await call_is(amira.heard, status="unknown")
    # What the provider has noted of it is found, though no report has come.
    await call_is(amira.heard, status="agent_ringing")
    line.engine.api.may_answer.set()
    line.way.is_open.set()
    await call_is(amira.heard, status="bridged")
    assert len(line.made()) == 1
    await hang_up_and_wrap_up(line, amira, handoff)


async def test_a_server_that_dies_before_anybody_picks_up_has_dialled_once(line: Line, guests: Guests) -> None:
    """Twilio has taken the dial and said so; what it reports meanwhile finds the server that was started again."""
    maya, amira = await Visit.begin(guests), await Seat.take(guests, "amira")
    line.engine.phones |= {AMIRA: Phone(), maya.mobile: Phone()}
    handoff = await maya.ask_for_callback()
    await amira.assigned(handoff)
    line.way.is_open.clear()
    await amira.agree("callback.dial", handoff=handoff)
    await line.until(lambda: is_noted(line, handoff))
    [server] = line.stack.servers
    await off_loop(server.kill)
    await off_loop(server.start)
    line.way.is_open.set()
    await line.until(lambda: any(call.talks_to for call in line.engine.calls.values()))
    await amira.agent.online()
    await line.until(lambda: line.ask("SELECT status FROM handoff_call ORDER BY id DESC LIMIT 1") == [("bridged",)])
    assert len(line.made()) == 1
    await hang_up_and_wrap_up(line, amira, handoff)


def is_noted(line: Line, handoff: str) -> bool:
    """Whether the server knows under which id Twilio has this handoff's dial."""
    [(provider_id,)] = line.ask(
        "SELECT c.provider_id FROM handoff_call c JOIN handoff_handoff h ON h.id = c.handoff_id WHERE h.public_id = ?",
        handoff,
    )
    return bool(provider_id)


async def hang_up_and_wrap_up(line: Line, amira: Seat, handoff: str) -> None:
    dial = line.dial_of(handoff)
    assert dial is not None
    line.engine.hang_up(dial)
    await call_is(amira.heard, status="ended")
    await amira.wrap_up(handoff)
