"""A provider that is slow, down or out of patience: what may be tried again, and what must be asked first."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime

import pytest

from handoff.lib.clock import utc_now
from handoff.telephony.backends import rest
from handoff.telephony.backends.rest import RestClient
from handoff.telephony.backends.twilio import TwilioProvider
from handoff.telephony.base import Audio, CallError, Order
from tests.telephony.deciding import Decider
from tests.telephony.twiml_engine import TwimlEngine

TOKEN, ACCOUNT = "the account's own token, 32 chars", "AC1"
ORDER = Order("r.1", Audio("sip:amira@pbx.example"), "+447700900001", "+448005550100")


@pytest.fixture
def engine() -> Iterator[TwimlEngine]:
    with TwimlEngine("http://nowhere", TOKEN, transport=lambda *_: (200, "<Response/>"), account=ACCOUNT) as engine:
        yield engine


def provider_at(base: str, token: str = TOKEN) -> TwilioProvider:
    return TwilioProvider(
        account_sid=ACCOUNT, auth_token=token, public_origin="https://h.example", api_base=base, report=Decider()
    )


def failure_of(provider: TwilioProvider) -> CallError:
    with pytest.raises(CallError) as failed:
        provider.originate(ORDER)
    return failed.value


def flags(error: CallError) -> tuple[bool, bool, float | None]:
    return error.is_permanent, error.is_ambiguous, error.retry_after_seconds


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (400, {}, (True, False, None)),
        (401, {}, (True, False, None)),
        (404, {}, (True, False, None)),
        (429, {}, (False, False, None)),
        (429, {"Retry-After": "7"}, (False, False, 7.0)),
        (503, {"Retry-After": "30"}, (False, True, 30.0)),
        (503, {"Retry-After": "when I feel like it"}, (False, True, None)),
        (500, {"Retry-After": "30"}, (False, True, None)),
        (502, {}, (False, True, None)),
        (302, {"Location": "http://elsewhere"}, (False, False, None)),
    ],
)
def test_a_refusal_says_whether_to_try_again(
    engine: TwimlEngine, status: int, headers: dict[str, str], expected: tuple[bool, bool, float | None]
) -> None:
    engine.api.trouble = [(status, headers)]
    assert flags(failure_of(provider_at(engine.api.base))) == expected
    assert not engine.calls
    assert len(engine.api.requests) == 1


def test_a_time_of_day_is_a_number_of_seconds(engine: TwimlEngine) -> None:
    later = format_datetime(utc_now() + timedelta(seconds=60))
    engine.api.trouble = [(429, {"Retry-After": later})]
    seconds = failure_of(provider_at(engine.api.base)).retry_after_seconds
    assert seconds is not None
    assert 55 <= seconds <= 60


def test_a_provider_that_is_down_was_certainly_not_asked() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert flags(failure_of(provider_at(base))) == (False, False, None)


def test_a_provider_that_falls_silent_may_have_done_it(engine: TwimlEngine) -> None:
    client = RestClient(engine.api.base, user=ACCOUNT, password=TOKEN, timeout_seconds=0.1)
    for ask, is_ambiguous in ((lambda: client.post("/x", {"a": "b"}), True), (lambda: client.get("/x"), False)):
        engine.api.trouble = [2.0]
        begun = time.monotonic()
        with pytest.raises(CallError) as failed:
            ask()
        assert failed.value.is_ambiguous is is_ambiguous
        assert time.monotonic() - begun < 2


def test_a_done_thing_whose_answer_was_lost_is_ambiguous(engine: TwimlEngine) -> None:
    engine.api.is_deaf_after = True
    assert failure_of(provider_at(engine.api.base)).is_ambiguous
    assert len(engine.calls) == 1


def test_a_wrong_token_is_permanent(engine: TwimlEngine) -> None:
    assert failure_of(provider_at(engine.api.base, "another token")).is_permanent


def test_the_token_is_not_sent_in_the_clear(engine: TwimlEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in on this machine is the only one without TLS; here its address is taken for another machine's."""
    client = RestClient(engine.api.base, user=ACCOUNT, password=TOKEN, timeout_seconds=1)
    monkeypatch.setattr(rest, "_is_loopback", lambda address: address == "192.0.2.1")
    with pytest.raises(CallError) as refused:
        client.post("/x", {"a": "b"})
    assert not refused.value.is_ambiguous
    assert not engine.api.requests


@pytest.mark.parametrize(
    ("address", "is_here"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("192.0.2.1", False), ("2001:db8::1", False)],
)
def test_what_this_machine_is(address: str, is_here: bool) -> None:
    assert rest._is_loopback(address) is is_here


def test_an_answer_without_a_call_is_ambiguous(engine: TwimlEngine) -> None:
    engine.api.trouble = [(200, {})]
    assert failure_of(provider_at(engine.api.base)).is_ambiguous
