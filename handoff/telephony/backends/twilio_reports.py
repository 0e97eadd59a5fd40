"""What a TwiML provider's requests mean: verified first, then parsed to one event, or to none."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from handoff.lib.errors import DomainError
from handoff.telephony import signatures
from handoff.telephony.backends.dialects import Dialect
from handoff.telephony.backends.twiml import TALK_LIMIT_SECONDS
from handoff.telephony.base import FINAL, CallEvent, Kind
from handoff.telephony.signatures import Forged
from handoff.telephony.webhooks import Webhook

# A signed request stays signed for ever. Within the window a repeat has the event id that it had, so it counts once.
WINDOW_SECONDS: Final = 600
BODY_LIMIT: Final = 16 * 1024
TEXT_LIMIT: Final = 128
# What the number's own settings point at carries no time of ours, and the first of them none of theirs: what such a
# request is worth again is the decision's matter, which knows the call and has it ended already.
UNDATED: Final = frozenset({"incoming", "fallback", "status"})
# Asked when a talk ends or about a leg that may talk as long, at addresses that were rendered before it began.
LONG: Final = frozenset({"dialled", "called", "agent", "customer", "leg"})
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DIGITS: Final = re.compile(r"[0-9*#]{0,32}")
_TOLD_ONCE_A_DIAL: Final = frozenset({Kind.AGENT_RINGING, Kind.BRIDGED})


@dataclass(frozen=True)
class Request:
    """One request that is really theirs: our own parameters in `query`, theirs under our names in `fields`."""

    step: str
    query: Mapping[str, str]
    fields: Mapping[str, str]

    @property
    def call_id(self) -> str:
        """The call it is about; on a second leg of it our own address says which that is."""
        return self.query.get("call") or self.fields["call"]

    @property
    def reference(self) -> str:
        return self.query.get("ref", "")

    @property
    def digits(self) -> str:
        keyed = self.fields.get("digits", "")
        return keyed if _DIGITS.fullmatch(keyed) else ""

    @property
    def is_sip(self) -> bool:
        return self.query.get("sip") == "1"

    @property
    def is_bridged(self) -> bool:
        """Of a Dial that is over: whether the two heard each other. Answered does not say so: a whisper may end it."""
        told = self.fields.get("dial_bridged")
        return self.fields.get("dial_status") == "completed" if told is None else told == "true"


def verify(webhook: Webhook, *, dialect: Dialect, origin: str, secret: str, account: str, now: datetime) -> Request:
    """Raises Forged, or `too_long` and `invalid_request` for what is theirs and cannot be read."""
    if len(webhook.body) > BODY_LIMIT:
        raise DomainError("too_long", f"At most {BODY_LIMIT} bytes.")
    pairs = _pairs(webhook.body)
    signature = webhook.headers.get(dialect.signature_header, "")
    signatures.check_form(origin + webhook.target, pairs, signature=signature, secret=secret)
    told = dict(pairs)
    fields = {ours: told[theirs][:TEXT_LIMIT] for ours, theirs in dialect.fields.items() if theirs in told}
    query = dict(parse_qsl(urlsplit(webhook.target).query, keep_blank_values=True))
    request = Request(step=webhook.step, query=query, fields=fields)
    if fields.get("account", account) != account or not _is_recent(request, now=now):
        raise Forged
    if not _ID.fullmatch(fields.get("call", "")) or not _ID.fullmatch(request.call_id):
        raise DomainError("invalid_request", "A call has an id.")
    return request


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        # Nobody can have signed what cannot be read.
        raise Forged from None


def _is_recent(request: Request, *, now: datetime) -> bool:
    """By the time in the request, else by the time at which we rendered the address that was asked."""
    said = request.fields.get("at")
    if said is not None:
        return _is_within(_theirs(said), now=now, seconds=WINDOW_SECONDS)
    ours = request.query.get("t")
    if ours is None:
        return request.step in UNDATED
    seconds = WINDOW_SECONDS + (TALK_LIMIT_SECONDS if request.step in LONG else 0)
    return _is_within(_ours(ours), now=now, seconds=seconds)


def _is_within(moment: datetime | None, *, now: datetime, seconds: float) -> bool:
    return moment is not None and abs((now - moment).total_seconds()) <= seconds


def _theirs(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _ours(text: str) -> datetime | None:
    """Milliseconds: two addresses of one call are never rendered in the same one, so it tells their reports apart."""
    return datetime.fromtimestamp(int(text) / 1000, UTC) if re.fullmatch(r"[0-9]{13}", text) else None


# -- from a request to an event


def event_id(call_id: str, kind: Kind, *, reference: str = "", at: str = "") -> str:
    """The same for the same thing, told by whichever of their requests or found by our own asking.

    What is keyed is no part of it: the id is stored, and a code must not be.
    """
    once = reference if kind in _TOLD_ONCE_A_DIAL else ""
    return ":".join(part for part in (call_id, kind.value, once, at) if part)


def parse(request: Request, *, dialect: Dialect) -> CallEvent | None:
    """None: it changes nothing. Raises KeyError for a step that there is not."""
    kind = _KINDS[request.step](request, dialect.statuses.get(request.fields.get("status", "")), dialect)
    if kind is None:
        return None
    is_entry = request.step == "incoming"
    at = request.query.get("t", "") if kind in (Kind.CODE_ENTERED, Kind.QUEUED) else ""
    return CallEvent(
        provider=dialect.name,
        event_id=event_id(request.call_id, kind, reference=request.reference, at=at),
        call_id=request.call_id,
        kind=kind,
        caller=request.fields.get("caller", "") if is_entry else "",
        called=request.fields.get("called", "") if is_entry else "",
        digits=request.digits if kind is Kind.CODE_ENTERED else "",
        reference=request.reference,
    )


def _of_incoming(request: Request, status: Kind | None, dialect: Dialect) -> Kind | None:
    return Kind.RINGING


def _of_code(request: Request, status: Kind | None, dialect: Dialect) -> Kind | None:
    return Kind.CODE_ENTERED


def _of_hold(request: Request, status: Kind | None, dialect: Dialect) -> Kind | None:
    return Kind.QUEUED


def _of_dialled(request: Request, status: Kind | None, dialect: Dialect) -> Kind | None:
    """The agent's line is over: after a talk the call is, otherwise its caller waits on, unless they have gone."""
    return Kind.ENDED if request.is_bridged or status in FINAL else Kind.QUEUED


def _of_pressed(request: Request, status: Kind | None, dialect: Dialect) -> Kind | None:
    return Kind.BRIDGED if request.digits == "1" else None


def _of_agent(request: Request, status: Kind | None, dialect: Dialect) -> Kind | None:
    if status is Kind.RINGING:
        return Kind.AGENT_RINGING
    return Kind.BRIDGED if status is Kind.ANSWERED and request.is_sip else None


def _of_taken(request: Request, status: Kind | None, dialect: Dialect) -> Kind | None:
    """The agent's phone was answered for a dial of ours; without the 1 the customer is not rung at all."""
    return None if request.digits == "1" else Kind.CANCELED


def _of_customer(request: Request, status: Kind | None, dialect: Dialect) -> Kind | None:
    """The agent is on the line already, so the customer's answer is the moment that both hear each other."""
    return Kind.BRIDGED if status is Kind.ANSWERED else status


def _of_called(request: Request, status: Kind | None, dialect: Dialect) -> Kind | None:
    told = dialect.statuses.get(request.fields.get("dial_status", ""), Kind.FAILED)
    return told if told in FINAL else Kind.ENDED


def _of_leg(request: Request, status: Kind | None, dialect: Dialect) -> Kind | None:
    """The agent's own line of a dial: only its reaching the customer can make a customer busy or absent."""
    if status is Kind.RINGING:
        return Kind.AGENT_RINGING
    if status in (Kind.BUSY, Kind.NO_ANSWER, Kind.FAILED):
        return Kind.CANCELED
    return status if status in FINAL else None


def _of_status(request: Request, status: Kind | None, dialect: Dialect) -> Kind | None:
    return status if status in FINAL else None


def _of_none(request: Request, status: Kind | None, dialect: Dialect) -> Kind | None:
    return None


_KINDS: Final[Mapping[str, Callable[[Request, Kind | None, Dialect], Kind | None]]] = {
    # a customer calls
    "incoming": _of_incoming,
    "fallback": _of_none,
    "code": _of_code,
    "hold": _of_hold,
    "dialled": _of_dialled,
    "whisper": _of_none,
    "pressed": _of_pressed,
    "agent": _of_agent,
    "status": _of_status,
    # we call a customer, agent first
    "outgoing": _of_none,
    "taken": _of_taken,
    "customer": _of_customer,
    "called": _of_called,
    "leg": _of_leg,
}
STEPS: Final = frozenset(_KINDS)
