"""What a caller or an agent hears and is asked, as a TwiML document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from handoff.telephony.backends.dialects import Dialect
from handoff.telephony.base import AskCode, Audio

CONTENT_TYPE: Final = "text/xml; charset=utf-8"
# Between two keys; whoever has no code hears the line go on after it.
KEY_SECONDS: Final = 10
PRESS_SECONDS: Final = 8
# A caller in line is told so every quarter of a minute, and asks us anew after four times.
HOLD_PAUSE_SECONDS: Final = 15
HOLD_ROUNDS: Final = 4
# Their own default, said aloud: how old an address that is called at the end of a talk may be rests on it.
TALK_LIMIT_SECONDS: Final = 4 * 3600
RING_SECONDS: Final = 25

ASK: Final = "Please key in the {digits} digits that you see on your screen."
ASK_AGAIN: Final = "That was not right. Please key in the {digits} digits that you see on your screen."
WAIT: Final = "You are in line. Please stay on the phone; somebody will be with you soon."
PRESS_ONE: Final = "A customer of yours is waiting. Press 1 to talk."
CALLING: Final = "We are calling your customer."
ONE_MOMENT: Final = "One moment, please."
GOODBYE: Final = "Goodbye."

# XML 1.0 cannot hold these, not even escaped.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Leg:
    """The line that a Dial opens: whose, and where its reports go."""

    address: str
    is_sip: bool
    report_url: str
    events: Sequence[str]
    # What is asked of whoever answers, before the two hear each other; "" asks nothing.
    whisper_url: str = ""


@dataclass(frozen=True)
class Dialling:
    """One Dial: `done_url` is asked what comes after it."""

    leg: Leg
    caller_id: str
    done_url: str
    seconds: int = RING_SECONDS
    # Only a caller who waits hears ringing otherwise; an agent who waits for the customer hears it anyway.
    words: str = ""


class Documents:
    """Renders in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def ask_code(self, ask: AskCode, *, url: str) -> str:
        """What is not keyed is reported to the same address, without digits."""
        words = (ASK_AGAIN if ask.is_again else ASK).format(digits=ask.digits)
        root = self._root()
        self._gather(root, words, digits=ask.digits, seconds=KEY_SECONDS, url=url)
        self._add(root, "redirect", url, method="POST")
        return _text(root)

    def hold(self, *, url: str) -> str:
        """The line stays open: it hears where it stands, and asks us again, until it is told something else."""
        root = self._root()
        for _ in range(HOLD_ROUNDS):
            self._add(root, "say", WAIT)
            self._add(root, "pause", length=str(HOLD_PAUSE_SECONDS))
        self._add(root, "redirect", url, method="POST")
        return _text(root)

    def press_one(self, *, url: str, is_whisper: bool) -> str:
        """Who does not press it is reported without digits; a whisper may only end, and its Dial tells the rest."""
        root = self._root()
        self._gather(root, PRESS_ONE, digits=1, seconds=PRESS_SECONDS, url=url)
        if is_whisper:
            self._add(root, "hangup")
        else:
            self._add(root, "redirect", url, method="POST")
        return _text(root)

    def dial(self, dialling: Dialling) -> str:
        root = self._root()
        if dialling.words:
            self._add(root, "say", dialling.words)
        dial = self._add(
            root,
            "dial",
            action=dialling.done_url,
            method="POST",
            timeout=str(dialling.seconds),
            limit=str(TALK_LIMIT_SECONDS),
            rings_until_bridged="true",
            **({"caller_id": dialling.caller_id} if dialling.caller_id else {}),
        )
        leg = dialling.leg
        self._add(
            dial,
            "sip" if leg.is_sip else "number",
            leg.address,
            callback=leg.report_url,
            callback_events=" ".join(leg.events),
            callback_method="POST",
            **({"url": leg.whisper_url, "method": "POST"} if leg.whisper_url else {}),
        )
        return _text(root)

    def goodbye(self, words: str = GOODBYE) -> str:
        root = self._root()
        if words:
            self._add(root, "say", words)
        self._add(root, "hangup")
        return _text(root)

    def one_moment(self, *, url: str) -> str:
        root = self._root()
        self._add(root, "say", ONE_MOMENT)
        self._add(root, "pause", length="3")
        self._add(root, "redirect", url, method="POST")
        return _text(root)

    def nothing(self) -> str:
        return _text(self._root())

    def _gather(self, root: Element, words: str, *, digits: int, seconds: int, url: str) -> None:
        # An empty end key takes `#` for a digit, so that nobody has to know of one.
        gather = self._add(
            root,
            "gather",
            kind="dtmf",
            digits=str(digits),
            end_key="",
            timeout=str(seconds),
            action=url,
            method="POST",
        )
        self._add(gather, "say", words)

    def _root(self) -> Element:
        return Element(self._dialect.verbs["response"])

    def _add(self, parent: Element, verb: str, text: str = "", **attributes: str) -> Element:
        spelt = {self._dialect.attributes[name]: _clean(value) for name, value in attributes.items()}
        element = SubElement(parent, self._dialect.verbs[verb], spelt)
        element.text = _clean(text) or None
        return element


def leg_to(audio: Audio, *, report_url: str, events: Sequence[str], whisper_url: str) -> Leg:
    """The agent's line: a phone is asked to press 1, for a mailbox or a child may answer it; a SIP line is theirs."""
    asks = "" if audio.is_sip else whisper_url
    return Leg(address=audio.address, is_sip=audio.is_sip, report_url=report_url, events=events, whisper_url=asks)


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)


def _text(root: Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>' + tostring(root, encoding="unicode")
