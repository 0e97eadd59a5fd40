"""Which providers the environment names, and what is said of settings that do not fit together."""

from __future__ import annotations

import pytest

from handoff.telephony.backends.asterisk import AsteriskProvider
from handoff.telephony.backends.generic import GenericProvider
from handoff.telephony.backends.twilio import TwilioProvider
from handoff.telephony.base import Provider
from handoff.telephony.configured import HalfGiven, providers_from
from tests.telephony.deciding import Decider

TWILIO = {"HANDOFF_TWILIO_ACCOUNT_SID": "AC1", "HANDOFF_TWILIO_AUTH_TOKEN": "token"}
ASTERISK = {
    "HANDOFF_ASTERISK_USER": "asterisk",
    "HANDOFF_ASTERISK_PASSWORD": "a password of some length",
    "HANDOFF_ASTERISK_APP": "handoff",
    "HANDOFF_ASTERISK_TRUNK": "PJSIP/{number}@trunk",
}
VOICE = {"HANDOFF_VOICE_SECRET": "whsec_" + "QUJD" * 8}


def named(environment: dict[str, str]) -> list[Provider]:
    return providers_from(environment, public_origin="https://help.example.com", report=Decider())


def test_nothing_given_is_nobody() -> None:
    assert named({}) == []
    assert named(dict.fromkeys({**TWILIO, **ASTERISK, **VOICE}, "")) == []


def test_each_is_named_by_its_own_settings() -> None:
    found = named(TWILIO | ASTERISK | VOICE)
    assert [type(each) for each in found] == [TwilioProvider, AsteriskProvider, GenericProvider]
    assert [each.name for each in found] == ["twilio", "asterisk", "generic"]


def test_another_dialect_has_its_own_name_and_address() -> None:
    signalwire = {"HANDOFF_TWILIO_DIALECT": "signalwire", "HANDOFF_TWILIO_API_BASE": "https://harbour.example.com"}
    assert [each.name for each in named(TWILIO | signalwire)] == ["signalwire"]


def test_the_lab_is_named_by_its_port() -> None:
    assert [each.name for each in named({"HANDOFF_LAB_SIP": "127.0.0.1:5070"})] == ["lab"]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"HANDOFF_TWILIO_ACCOUNT_SID": "AC1"}, "HANDOFF_TWILIO_AUTH_TOKEN"),
        ({"HANDOFF_TWILIO_DIALECT": "twilio"}, "HANDOFF_TWILIO_ACCOUNT_SID and HANDOFF_TWILIO_AUTH_TOKEN"),
        (TWILIO | {"HANDOFF_TWILIO_DIALECT": "morse"}, "signalwire, twilio"),
        (TWILIO | {"HANDOFF_TWILIO_DIALECT": "signalwire"}, "HANDOFF_TWILIO_API_BASE"),
        (TWILIO | {"HANDOFF_TWILIO_API_BASE": "http://api.example.com"}, "https"),
        ({name: value for name, value in ASTERISK.items() if "TRUNK" not in name}, "HANDOFF_ASTERISK_TRUNK"),
        (ASTERISK | {"HANDOFF_ASTERISK_USER": "a:b"}, "colon"),
        (ASTERISK | {"HANDOFF_ASTERISK_PASSWORD": "short"}, "16 characters"),
        (ASTERISK | {"HANDOFF_ASTERISK_TRUNK": "PJSIP/trunk"}, "{number}"),
        (ASTERISK | {"HANDOFF_ASTERISK_TRUNK": "PJSIP/{number}@{host}"}, "{number}"),
        (ASTERISK | {"HANDOFF_ASTERISK_TRUNK": "PJSIP/{number"}, "{number}"),
        (ASTERISK | {"HANDOFF_ASTERISK_AGENT": "PJSIP/{number}"}, "{user}"),
        ({"HANDOFF_VOICE_SECRET": "too short"}, "24 random bytes"),
        ({"HANDOFF_LAB_SIP": "0.0.0.0:5070"}, "this machine alone"),
        ({"HANDOFF_LAB_SIP": "127.0.0.1"}, "this machine alone"),
    ],
)
def test_half_given_settings_are_refused_by_name(environment: dict[str, str], words: str) -> None:
    with pytest.raises(HalfGiven, match=r".*") as refused:
        named(environment)
    assert words in str(refused.value)
    for secret in ("token", "a password of some length", "short"):
        assert secret not in environment.values() or f" {secret} " not in str(refused.value)
