"""Any other phone system, signed as in Standard Webhooks: it asks, and is told what to do with the call."""

from __future__ import annotations

import itertools
import json
from typing import Any

from standardwebhooks import Webhook

from handoff.lib.clock import utc_now
from tests.faults.guests import Guests
from tests.faults.stack import off_loop
from tests.phone_live.line import AMIRA, OTHER_NUMBER, VOICE_SECRET, Line, Seat, Visit, call_is
from tests.telephony.twiml_engine import through_http

_numbers = itertools.count(1)


class Switchboard:
    """Somebody's own phone system with one caller."""

    def __init__(self, line: Line, call_id: str) -> None:
        self.line, self.call_id = line, call_id
        self.last_id = ""

    async def tell(self, event: str, *, secret: str = VOICE_SECRET, id_: str = "", **fields: str) -> tuple[int, Any]:
        self.last_id = id_ or f"msg_{next(_numbers)}"
        body = json.dumps({"call_id": self.call_id, "event": event, "called": OTHER_NUMBER} | fields)
        now = utc_now()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": self.last_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(self.last_id, now, body),
        }
        url = f"http://127.0.0.1:{self.line.way.port}/voice/match"
        status, text = await off_loop(through_http, url, body.encode(), headers)
        return status, json.loads(text)

    async def is_told(self, event: str, **fields: str) -> Any:
        status, told = await self.tell(event, **fields)
        assert status == 200, told
        return told


async def test_a_system_that_asks_is_told_to_connect_once_the_record_is_on_screen(line: Line, guests: Guests) -> None:
    maya, amira = await Visit.begin(guests), await Seat.take(guests, "amira", available=False)
    handoff, code = await maya.ask_for_code()
    board = Switchboard(line, "their-call-1")
    asked = await board.is_told("ringing", caller=maya.mobile)
    assert asked == {"instruction": "ask_code", "digits": 8, "again": False}
    wrong = await board.is_told("code_entered", digits="00000000")
    assert wrong == {"instruction": "ask_code", "digits": 8, "again": True}
    hold = {"instruction": "hold"}
    assert await board.is_told("code_entered", digits=code) == hold
    # The same again, as after an answer that was lost.
    assert await board.is_told("code_entered", digits=code, id_=board.last_id) == hold
    await maya.say_it_is_me(handoff)
    assert await board.is_told("waiting") == hold

    await amira.begin_work()
    record = await amira.assigned(handoff)
    assert record["call"]["evidence"] == "tap"
    assert await board.is_told("waiting") == hold
    await amira.render(handoff)
    told = hold
    while told == hold:
        told = await board.is_told("waiting")
    assert told == {"instruction": "connect", "connect": {"to": AMIRA, "reference": record["call"]["id"]}}
    assert await call_is(amira.heard, is_rendered=True)
    await board.is_told("bridged", reference=record["call"]["id"])
    await call_is(amira.heard, status="bridged")
    assert await board.is_told("ended") == {"instruction": "nothing"}
    await call_is(maya.heard, status="ended")
    await amira.wrap_up(handoff)


async def test_a_match_that_is_signed_with_another_key_leaves_nothing_behind(line: Line, guests: Guests) -> None:
    maya = await Visit.begin(guests)
    _, code = await maya.ask_for_code()
    before = line.count()
    board = Switchboard(line, "their-call-2")
    other = "whsec_" + VOICE_SECRET.removeprefix("whsec_")[::-1]
    for event, fields in (("ringing", {"caller": maya.mobile}), ("code_entered", {"digits": code})):
        status, told = await board.tell(event, secret=other, **fields)
        assert (status, told["error"]["code"]) == (403, "forbidden")
    assert line.count() == before


async def test_a_caller_who_hangs_up_in_line_is_not_waited_for(line: Line, guests: Guests) -> None:
    maya = await Visit.begin(guests)
    handoff, code = await maya.ask_for_code()
    board = Switchboard(line, "their-call-3")
    await board.is_told("ringing", caller=maya.mobile)
    await board.is_told("code_entered", digits=code)
    await board.is_told("ended")
    closed = await maya.heard.event("handoff.changed", state="closed")
    assert closed["data"]["close_reason"] == "abandoned"
    shown = await maya.customer.call("GET", f"handoffs/{handoff}")
    assert shown.body["state"] == "closed"
