"""Signatures: ours and Twilio's own library agree on every one, and what is not signed is nobody's."""

from __future__ import annotations

import random
import string

import pytest
from twilio.request_validator import RequestValidator

from handoff.telephony.signatures import Forged, check_form, check_standard, form_signature, require_standard_secret

TOKEN = "a token of 32 characters, or so.."
ALPHABET = string.ascii_letters + string.digits + " +&=%/?#.-_~äöü漢字🙂\t"
HOSTS = ("https://help.example.com", "https://help.example.com:8443", "http://127.0.0.1:8000", "http://help.example")


def _text(chance: random.Random, most: int) -> str:
    return "".join(chance.choice(ALPHABET) for _ in range(chance.randint(0, most)))


def _request(chance: random.Random) -> tuple[str, dict[str, str]]:
    path = "/voice/twilio/" + chance.choice(("incoming", "code", "agent"))
    query = chance.choice(("", "?t=1764201600000", "?call=CA1&ref=a.b-c&t=1", "?blank=&x=%20y"))
    params = {_text(chance, 12) or "a": chance.choice(("", _text(chance, 40))) for _ in range(chance.randint(0, 20))}
    return chance.choice(HOSTS) + path + query, params


@pytest.mark.parametrize("seed", range(200))
def test_a_signature_is_the_one_that_their_library_makes(seed: int) -> None:
    url, params = _request(random.Random(seed))
    theirs = RequestValidator(TOKEN)
    assert form_signature(url, params.items(), secret=TOKEN) == theirs.compute_signature(url, params)
    check_form(url, params.items(), signature=theirs.compute_signature(url, params), secret=TOKEN)


@pytest.mark.parametrize("seed", range(40))
def test_what_their_library_refuses_is_refused(seed: int) -> None:
    chance = random.Random(seed)
    url, params = _request(chance)
    theirs = RequestValidator(TOKEN)
    signature = theirs.compute_signature(url, params)
    changed = params | {"Digits": "12345678"}
    for wrong_url, wrong_params, wrong in (
        (url + "&x=1", params, signature),
        (url, changed, signature),
        (url, params, signature[:-2] + "x="),
        (url, params, ""),
        (url, params, "ä" * 28),
    ):
        with pytest.raises(Forged):
            check_form(wrong_url, wrong_params.items(), signature=wrong, secret=TOKEN)
        assert not theirs.validate(wrong_url, wrong_params, wrong)


@pytest.mark.parametrize(
    ("signed", "asked"),
    [
        ("https://help.example.com:443/v?a=1", "https://help.example.com/v?a=1"),
        ("https://help.example.com/v?a=1", "https://help.example.com:443/v?a=1"),
        ("http://help.example.com:80/v", "http://help.example.com/v"),
        ("https://help.example.com/v", "https://help.example.com:8443/v"),
    ],
)
def test_a_port_that_is_told_or_not_told_makes_no_difference(signed: str, asked: str) -> None:
    theirs = RequestValidator(TOKEN)
    signature = theirs.compute_signature(signed, {"CallSid": "CA1"})
    check_form(asked, [("CallSid", "CA1")], signature=signature, secret=TOKEN)
    assert theirs.validate(asked, {"CallSid": "CA1"}, signature)


def test_another_port_is_another_address() -> None:
    signature = form_signature("https://help.example.com:9000/v", [], secret=TOKEN)
    with pytest.raises(Forged):
        check_form("https://help.example.com/v", [], signature=signature, secret=TOKEN)


def test_a_field_that_comes_twice_counts_with_each_of_its_values() -> None:
    class Values(dict):  # type: ignore[type-arg]
        def getlist(self, name: str) -> list[str]:
            return list(self[name])

    theirs = RequestValidator(TOKEN).compute_signature("https://a.example/v", Values(b=["2", "1", "1"], a=[""]))
    pairs = [("b", "2"), ("b", "1"), ("b", "1"), ("a", "")]
    assert form_signature("https://a.example/v", pairs, secret=TOKEN) == theirs


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"webhook-id": "a", "webhook-timestamp": "no time", "webhook-signature": "v1,AAAA"},
        {"webhook-id": "a", "webhook-timestamp": "NaN", "webhook-signature": "v1,AAAA"},
        {"webhook-id": "a", "webhook-timestamp": "9" * 400, "webhook-signature": "v1,AAAA"},
    ],
)
def test_headers_that_are_none_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Forged):
        check_standard(b"{}", headers, secret="whsec_" + "A" * 32)


@pytest.mark.parametrize("secret", ["", "whsec_", "short", "whsec_" + "A" * 16, "not base64 but long enough anyway!!!"])
def test_a_secret_that_keeps_nobody_out_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        require_standard_secret(secret)
