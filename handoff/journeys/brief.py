"""Say in a sentence or two who needs help, with what, and where they stopped; by rules, never by guessing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from handoff.journeys.context import Step, clean_line, stopped_at
from handoff.protocol.shapes import Stopped

MAX_STATEMENT: Final = 160
MAX_QUOTED: Final = 60
MAX_WHO: Final = 80

AMR_WORDS: Final = {
    "pwd": "password",
    "otp": "code",
    "pin": "PIN",
    "sms": "text message",
    "tel": "phone call",
    "hwk": "security key",
    "swk": "security key",
    "pop": "security key",
    "sc": "smart card",
    "kba": "security questions",
    "fpt": "biometrics",
    "face": "biometrics",
    "iris": "biometrics",
    "retina": "biometrics",
    "vbm": "biometrics",
    "bio": "biometrics",
    "mfa": "second factor",
    "mca": "second channel",
    "wia": "Windows sign-in",
}
# They say that there was more than one method; beside two named methods they say nothing.
_COUNTING: Final = frozenset({"second factor", "second channel"})
# Other words that RFC 8176 knows (geo, rba, user) are no way of signing in.
_SILENT: Final = frozenset({"geo", "rba", "user"})
_PLAIN_WORD: Final = re.compile(r"[A-Za-z0-9_.-]{1,24}")
# A label that begins with one of these reads well after "wants to".
_VERB_LIST: Final = """
    access activate add apply ask block book borrow buy cancel change check claim close complain complete confirm
    contact correct delete deposit dispute download extend fetch file find fix get give increase join learn leave
    lock log make manage move open order pause pay plan postpone query raise reach recover reduce refund register
    remove renew repair replace report request reschedule reset resolve return schedule see sell send set share show
    sign speak start stop submit switch talk tell track transfer turn understand unlock update upgrade upload use
    verify view withdraw
"""
_VERBS: Final = frozenset(_VERB_LIST.split())
_STOPS: Final = (".", "!", "?", "…")
_FIXED_TIMES: Final = {1: "", 2: "twice"}


def brief(
    *,
    name: str | None,
    verified: bool,
    amr: Sequence[str],
    intent_label: str,
    statement: str | None = None,
    steps: Sequence[Step] = (),
) -> str:
    """One sentence, and a second one when the customer wrote something.

    `Maya Chen, verified by password + code, wants to dispute a charge; stopped at "upload-receipt" (FILE_TOO_LARGE,
    twice).` The age of a sign-in is not in it: a brief is stored, and ages are the reader's clock's.
    """
    want = f"{_describe_customer(name, verified, amr)} {_describe_want(intent_label)}"
    stopped = stopped_at(steps)
    first = f"{want}; {_describe_stop(stopped)}." if stopped else f"{want}."
    said = _one_line(statement or "", MAX_STATEMENT)
    # Their own full stop is enough.
    stop = "" if said.endswith(_STOPS) else "."
    return f'{first} Writes: "{said}"{stop}' if said else first


def describe_amr(amr: Sequence[str]) -> str:
    """`password + code`; empty when nothing was said."""
    words = [AMR_WORDS.get(word, word) for word in amr if word not in _SILENT]
    plain = list(dict.fromkeys(word for word in words if word in AMR_WORDS.values() or _PLAIN_WORD.fullmatch(word)))
    methods = [word for word in plain if word not in _COUNTING]
    return " + ".join(methods if len(methods) > 1 else plain)


def _describe_customer(name: str | None, verified: bool, amr: Sequence[str]) -> str:
    """A name that nobody vouches for is not repeated."""
    if not verified:
        return "Not verified;"
    how = describe_amr(amr)
    manner = f"verified by {how}" if how else "verified"
    who = _one_line(name or "", MAX_WHO)
    return f"{who}, {manner}," if who else f"{manner[0].upper()}{manner[1:]};"


def _describe_want(intent_label: str) -> str:
    label = _one_line(intent_label, MAX_WHO).rstrip(".")
    first, _, _ = label.partition(" ")
    # "IBAN" and "PIN" keep their capitals.
    lowered = label if len(first) > 1 and first.isupper() else label[:1].lower() + label[1:]
    return f"wants to {lowered}" if first.lower() in _VERBS else f"needs help with {lowered}"


def _describe_stop(stopped: Stopped) -> str:
    times = _FIXED_TIMES.get(stopped.times, f"{stopped.times} times")
    aside = ", ".join(word for word in (_one_line(stopped.error or "", MAX_QUOTED), times) if word)
    return f'stopped at "{_one_line(stopped.name, MAX_QUOTED)}"' + (f" ({aside})" if aside else "")


def _one_line(text: str, limit: int) -> str:
    """On one line, without quotation marks that would end ours, cut between words where there are some."""
    line = " ".join(clean_line(text).replace('"', "'").split())
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    words, _, _ = cut.rpartition(" ")
    return (words if len(words) > limit // 2 else cut).rstrip(" ,;:.") + "…"
