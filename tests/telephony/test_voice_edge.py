"""What is refused at the edge: forged, stale, replayed, malformed. Nobody hears of it."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client
from standardwebhooks import Webhook
from twilio.request_validator import RequestValidator

from handoff.lib.clock import utc_now
from handoff.telephony import registry
from handoff.telephony.backends.dialects import SIGNALWIRE
from handoff.telephony.backends.generic import GenericProvider
from handoff.telephony.backends.twilio import TwilioProvider
from handoff.telephony.base import Audio, CallError, Connect, HangUp, Kind, Order
from tests.telephony.deciding import CODE, Decider

ORIGIN = "https://help.example.com"
TOKEN, ACCOUNT = "the account's own token, 32 chars", "AC1"
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
INCOMING = {"AccountSid": ACCOUNT, "CallSid": "CA1", "CallStatus": "ringing", "From": "+447700900001", "To": "+44800"}
RINGING = {"call_id": "7", "event": "ringing", "caller": "+447700900001", "called": "+448005550100"}


@pytest.fixture
def decider() -> Iterator[Decider]:
    decider = Decider()
    twilio = TwilioProvider(account_sid=ACCOUNT, auth_token=TOKEN, public_origin=ORIGIN, report=decider)
    for provider in (twilio, GenericProvider(secret=SECRET, report=decider)):
        registry.add(provider)
    yield decider
    for name in ("twilio", "generic", "signalwire"):
        registry.remove(name)


def twiml(target: str, params: Mapping[str, str], *, signed: str | None = ..., name: str = "twilio") -> HttpResponse:  # type: ignore[assignment]
    """POST, signed rightly unless told otherwise."""
    path = f"/voice/{name}/{target}"
    right = RequestValidator(TOKEN).compute_signature(ORIGIN + path, dict(params))
    signature = right if signed is ... else signed
    headers = {f"X-{name}-Signature": signature} if signature is not None else {}
    return Client().post(path, urlencode(params), content_type="application/x-www-form-urlencoded", headers=headers)


def match(
    body: Mapping[str, Any] | bytes, *, id_: str = "msg_1", at: float | None = None, **changes: str | None
) -> HttpResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    moment = utc_now() if at is None else utc_now() + timedelta(seconds=at)
    signature = Webhook(SECRET).sign(id_, moment, data.decode("utf-8", "replace"))
    stamp = str(int(moment.timestamp()))
    headers: dict[str, str | None] = {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": signature}
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    sent = {name: value for name, value in headers.items() if value is not None}
    return Client().post("/voice/match", data, content_type="application/json", headers=sent)


def ago(**past: float) -> str:
    return format_datetime(utc_now() - timedelta(**past))


def t(**past: float) -> str:
    return str(int((utc_now() - timedelta(**past)).timestamp() * 1000))


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def spell(text: str) -> str:
    """`<9m>` is nine minutes ago as we write it, `[9m]` as they do: now, and not when the tests were collected."""
    text = re.sub(r"<(-?\d+)([smh])>", lambda found: t(**{_UNITS[found[2]]: int(found[1])}), text)
    return re.sub(r"\[(-?\d+)([smh])\]", lambda found: ago(**{_UNITS[found[2]]: int(found[1])}), text)


def spelled(fields: dict[str, str]) -> dict[str, str]:
    return {name: spell(value) for name, value in fields.items()}


# -- TwiML


@pytest.mark.parametrize("signed", [None, "", "AAAA", "ä", base64.b64encode(b"x" * 20).decode()])
def test_a_bad_or_missing_signature_is_refused_and_told_to_nobody(decider: Decider, signed: str | None) -> None:
    response = twiml("incoming", INCOMING, signed=signed)
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "forbidden"
    assert not decider.events


def test_a_signature_is_for_this_body_and_this_address_alone(decider: Decider) -> None:
    right = RequestValidator(TOKEN).compute_signature(f"{ORIGIN}/voice/twilio/incoming", INCOMING)
    assert twiml("incoming", INCOMING | {"From": "+15550001"}, signed=right).status_code == 403
    assert twiml("hold", INCOMING, signed=right).status_code == 403
    assert twiml("incoming?x=1", INCOMING, signed=right).status_code == 403
    assert not decider.events
    assert twiml("incoming", INCOMING, signed=right).status_code == 200


def test_a_blank_field_is_signed_too(decider: Decider) -> None:
    assert twiml("incoming", INCOMING | {"CallerName": "", "From": ""}).status_code == 200
    assert decider.events[0].caller == ""


@pytest.mark.parametrize(
    ("target", "extra"),
    [
        ("status", {"CallStatus": "completed", "Timestamp": "[11m]"}),
        ("status", {"CallStatus": "completed", "Timestamp": "[-11m]"}),
        ("status", {"CallStatus": "completed", "Timestamp": "some time"}),
        ("agent?call=CA1&ref=r&t=<0s>", {"CallStatus": "ringing", "Timestamp": "[1h]"}),
        ("code?t=<11m>", {"Digits": CODE}),
        ("code?t=<-11m>", {"Digits": CODE}),
        ("code?t=soon", {"Digits": CODE}),
        ("code?t=" + "9" * 13, {"Digits": CODE}),
        ("code", {"Digits": CODE}),
        ("pressed?call=CA1&ref=r", {"Digits": "1"}),
        ("dialled?ref=r&t=<5h>", {"DialCallStatus": "completed"}),
        ("incoming", {"AccountSid": "AC2"}),
    ],
)
def test_what_is_old_or_not_for_us_is_refused_though_it_is_signed(
    decider: Decider, target: str, extra: dict[str, str]
) -> None:
    assert twiml(spell(target), INCOMING | spelled(extra)).status_code == 403
    assert not decider.events


@pytest.mark.parametrize(
    ("target", "extra", "kind"),
    [
        ("status", {"CallStatus": "completed", "Timestamp": "[9m]"}, Kind.ENDED),
        ("code?t=<9m>", {"Digits": CODE}, Kind.CODE_ENTERED),
        ("dialled?ref=r&t=<3h>", {"DialCallStatus": "completed", "DialBridged": "true"}, Kind.ENDED),
        ("dialled?ref=r&t=<0s>", {"DialCallStatus": "completed", "DialBridged": "false"}, Kind.QUEUED),
        ("dialled?ref=r&t=<0s>", {"DialCallStatus": "completed"}, Kind.ENDED),
        ("dialled?ref=r&t=<0s>", {"DialCallStatus": "canceled", "CallStatus": "completed"}, Kind.ENDED),
    ],
)
def test_what_is_recent_enough_is_taken(decider: Decider, target: str, extra: dict[str, str], kind: Kind) -> None:
    assert twiml(spell(target), INCOMING | spelled(extra)).status_code == 200
    assert decider.kinds() == [kind]


def test_a_replay_within_the_window_is_the_same_event_and_gets_the_same_answer(decider: Decider) -> None:
    target = "code?t=" + t(seconds=5)
    first, again = (twiml(target, INCOMING | {"Digits": "11111111"}).content.decode() for _ in range(2))
    # The addresses in it carry their own time.
    assert first.partition("?t=")[0] == again.partition("?t=")[0]
    assert "not right" in again
    assert len(decider.events) == len(decider.repeats) == 1


def test_events_doubled_and_out_of_order_have_the_ids_that_they_had(decider: Decider) -> None:
    now = t()
    told = [
        ("incoming", {}),
        (f"code?t={now}", {"Digits": CODE}),
        (f"agent?call=CA1&ref=r&sip=1&t={now}", {"CallSid": "CA2", "CallStatus": "ringing"}),
        (f"agent?call=CA1&ref=r&sip=1&t={now}", {"CallSid": "CA2", "CallStatus": "in-progress"}),
        ("status", {"CallStatus": "completed", "Timestamp": ago(seconds=1)}),
    ]
    for target, extra in told:
        twiml(target, INCOMING | extra)
    ids = {event.event_id for event in decider.events}
    assert decider.kinds("CA1") == [Kind.RINGING, Kind.CODE_ENTERED, Kind.AGENT_RINGING, Kind.BRIDGED, Kind.ENDED]
    for target, extra in [*reversed(told), *told]:
        assert twiml(target, INCOMING | extra).status_code == 200
    assert {event.event_id for event in decider.repeats} == ids
    assert len(decider.events) == len(ids) == 5
    assert not [one for one in ids if CODE in one]


@pytest.mark.parametrize("sid", ["", "CA 1", "../x", "a" * 65, "ä"])
def test_a_call_has_an_id(decider: Decider, sid: str) -> None:
    assert twiml("incoming", INCOMING | {"CallSid": sid}).status_code == 400
    assert not decider.events


def test_a_number_that_was_sealed_elsewhere_is_not_dialled(decider: Decider) -> None:
    response = twiml(f"outgoing?ref=r&sip=1&n=abc&t={t()}", INCOMING | {"CallStatus": "in-progress"})
    assert response.status_code == 403


def test_the_edge_takes_posts_of_a_bounded_size_for_providers_that_there_are(decider: Decider) -> None:
    assert Client().get("/voice/twilio/incoming").status_code == 405
    assert Client().get("/voice/match").status_code == 405
    assert twiml("nothing-here", INCOMING).status_code == 404
    assert twiml("incoming", INCOMING, name="nobody").status_code == 404
    assert twiml("incoming", INCOMING | {"CallerName": "x" * 20_000}).status_code == 413
    assert match(RINGING | {"caller": "x" * 20_000}).status_code == 413
    registry.remove("generic")
    assert match(RINGING).status_code == 404
    assert not decider.events


def test_nothing_of_the_request_is_told_back(decider: Decider) -> None:
    for response in (twiml("incoming", INCOMING, signed="echo-me"), match({"echo-me": 1}, webhook_signature="v1,eA==")):
        assert b"echo-me" not in response.content


def test_a_body_that_is_no_form_was_signed_by_nobody(decider: Decider) -> None:
    response = Client().post(
        "/voice/twilio/incoming",
        b"CallSid=%FF%FE&\xff",
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": "x"},
    )
    assert response.status_code == 403


def test_what_fails_while_it_is_decided_is_told_as_not_saved(decider: Decider) -> None:
    decider.fails = 1
    response = Client(raise_request_exception=False).post(
        "/voice/twilio/incoming",
        urlencode(INCOMING),
        content_type="application/x-www-form-urlencoded",
        headers={
            "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(f"{ORIGIN}/voice/twilio/incoming", INCOMING)
        },
    )
    assert response.status_code == 503
    assert response["Retry-After"] == "2"


def test_a_second_dialect_is_a_row(decider: Decider) -> None:
    registry.add(
        TwilioProvider(
            account_sid=ACCOUNT,
            auth_token="its api's token",
            signing_key=TOKEN,
            public_origin=ORIGIN,
            api_base="https://harbour.signalwire.example",
            dialect=SIGNALWIRE,
            report=decider,
        )
    )
    response = twiml("incoming", INCOMING, name="signalwire")
    assert f'action="{ORIGIN}/voice/signalwire/code?t=' in response.content.decode()
    assert decider.events[0].provider == "signalwire"
    assert (
        SIGNALWIRE.path(SIGNALWIRE.call_path, account="A", call="B") == "/api/laml/2010-04-01/Accounts/A/Calls/B.json"
    )
    provider = registry.get("signalwire")
    with pytest.raises(CallError) as doubt:
        provider.look_up(call_id="", reference="r")
    assert doubt.value.is_ambiguous


# -- the generic match


def test_a_call_is_matched_by_any_other_system(decider: Decider) -> None:
    asked = match(RINGING, id_="m1")
    assert asked.json() == {"instruction": "ask_code", "digits": 8, "again": False}
    wrong = match({"call_id": "7", "event": "code_entered", "called": "+44800", "digits": "00000000"}, id_="m2")
    assert wrong.json() == {"instruction": "ask_code", "digits": 8, "again": True}
    right = match({"call_id": "7", "event": "code_entered", "called": "+44800", "digits": CODE}, id_="m3")
    assert right.json() == {"instruction": "hold"}
    assert match({"call_id": "7", "event": "waiting", "called": "+44800"}, id_="m4").json() == {"instruction": "hold"}
    decider.connect = Connect(Audio("sip:amira@pbx.example"), "offer-1")
    connect = {"to": "sip:amira@pbx.example", "reference": "offer-1"}
    waiting = match({"call_id": "7", "event": "waiting", "called": "+44800"}, id_="m5")
    assert waiting.json() == {"instruction": "connect", "connect": connect}
    bridged = match({"call_id": "7", "event": "bridged", "called": "+44800", "reference": "offer-1"}, id_="m6")
    assert bridged.json() == {"instruction": "nothing"}
    assert decider.events[-1].reference == "offer-1"
    assert decider.events[0].caller == "+447700900001"
    assert [event.event_id for event in decider.events] == ["m1", "m2", "m3", "m4", "m5", "m6"]


def test_words_of_a_goodbye_go_with_it(decider: Decider) -> None:
    decider.refuses_with = HangUp("We are closed.")
    assert match(RINGING).json() == {"instruction": "hang_up", "words": "We are closed."}


def test_the_same_id_again_is_a_repeat(decider: Decider) -> None:
    assert match(RINGING).json() == match(RINGING).json()
    assert len(decider.events) == len(decider.repeats) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook_signature": None},
        {"webhook_id": None},
        {"webhook_timestamp": None},
        {"webhook_signature": "v1,AAAA"},
        {"webhook_signature": "v1"},
        {"webhook_signature": "v1,ä"},
        {"webhook_id": "another"},
        {"webhook_timestamp": str(int(time.time()) - 1)},
    ],
)
def test_a_match_that_is_not_signed_is_refused_and_told_to_nobody(
    decider: Decider, changes: dict[str, str | None]
) -> None:
    response = match(RINGING, **changes)
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "forbidden"
    assert not decider.events


@pytest.mark.parametrize("at", [-301.0, 301.0])
def test_a_match_is_good_for_five_minutes(decider: Decider, at: float) -> None:
    assert match(RINGING, at=at).status_code == 403
    assert not decider.events
    assert match(RINGING, at=at / 2).status_code == 200


@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        ({"call_id": "7", "event": "ringing"}, "invalid_request", {"called": "required"}),
        ({}, "invalid_request", {"call_id": "required", "called": "required", "event": "required"}),
        (RINGING | {"event": "queued"}, "invalid_request", {"event": "invalid_choice"}),
        (RINGING | {"event": 7}, "invalid_request", {"event": "invalid"}),
        (RINGING | {"call_id": ""}, "invalid_request", {"call_id": "blank"}),
        (RINGING | {"call_id": "7\u0000"}, "invalid_request", {"call_id": "invalid"}),
        (RINGING | {"call_id": "x" * 129}, "invalid_request", {"call_id": "max_length"}),
        (RINGING | {"caller": None}, "invalid_request", {"caller": "invalid"}),
        (RINGING | {"digits": "1"}, "invalid_request", {"digits": "not_here"}),
        (RINGING | {"event": "code_entered", "digits": "1 2"}, "invalid_request", {"digits": "invalid"}),
        (RINGING | {"extra": 1}, "unknown_field", {"extra": "unknown"}),
        (b"[]", "invalid_request", None),
        (b"{", "invalid_request", None),
        (b'{"call_id": NaN}', "invalid_request", None),
        (b"[" * 5000, "invalid_request", None),
    ],
)
def test_a_match_is_read_strictly(
    decider: Decider, body: Mapping[str, Any] | bytes, code: str, fields: dict[str, str] | None
) -> None:
    response = match(body)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["code"] == code
    assert error.get("fields") == fields
    assert not decider.events


def test_an_id_has_a_length(decider: Decider) -> None:
    assert match(RINGING, id_="x" * 129).json()["error"]["fields"] == {"webhook-id": "max_length"}
    assert not decider.events


def test_what_cannot_be_asked_of_it_says_so(decider: Decider) -> None:
    provider = registry.get("generic")
    order = Order("r", Audio("sip:a@b"), "+44", "+44")
    provider.connect("7", order.agent, reference="r")
    provider.hang_up("7")
    for ask in (
        lambda: provider.originate(order),
        lambda: provider.look_up(call_id="7", reference=""),
        lambda: provider.park("7"),
    ):
        with pytest.raises(CallError) as refused:
            ask()
        assert refused.value.is_permanent
