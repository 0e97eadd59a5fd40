"""How calls stand at a TwiML provider, asked of its REST interface."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from handoff.telephony.backends.dialects import Dialect
from handoff.telephony.backends.rest import Refusal, RestClient
from handoff.telephony.backends.twilio_reports import event_id
from handoff.telephony.base import FINAL, CallError, CallEvent, Kind

# How far back a dial is looked for, and how long that may take: each call's log is one more question.
LOOK_BACK: Final = timedelta(minutes=30)
PAGE: Final = 50
SEARCH_SECONDS: Final = 3.0
_NEW: Final = frozenset({"queued", "initiated", "ringing"})
_LIVE: Final = _NEW | {"in-progress"}


class Journal:
    """Their list of calls. It cannot be searched by anything of ours."""

    def __init__(self, rest: RestClient, *, dialect: Dialect, account: str, clock: Callable[[], datetime]) -> None:
        self._rest = rest
        self._dialect = dialect
        self._account = account
        self._clock = clock

    def has_live_leg(self, call_id: str) -> bool:
        """Whether the call is ringing or talking to somebody already."""
        return any(leg.get("status") in _LIVE for leg in self._legs(call_id))

    def find(self, reference: str) -> str | None:
        """The call that was dialled under our reference, by the addresses that they asked for it.

        Raises CallError (ambiguous) where that cannot be told: there is no such log, a fresh call has asked for
        nothing yet, or looking takes too long.
        """
        if not self._dialect.events_path:
            raise CallError("The provider cannot be asked by reference.", is_ambiguous=True)
        until = time.monotonic() + SEARCH_SECONDS
        has_doubt = False
        for call in self._dialled_lately():
            call_id = str(call.get("sid", ""))
            references = set(self._references(call_id))
            if reference in references:
                return call_id
            has_doubt |= not references and call.get("status") in _NEW
            if time.monotonic() > until:
                raise CallError("Looking for the call took too long.", is_ambiguous=True)
        if has_doubt:
            raise CallError("A call has just begun there; it may be this one.", is_ambiguous=True)
        return None

    def standing(self, call_id: str, *, reference: str) -> CallEvent | None:
        """None: there is no such call. Raises CallError."""
        try:
            call = self._rest.get(self._path(self._dialect.call_path, call_id))
        except Refusal as refusal:
            if refusal.http_status == 404:
                return None
            raise
        is_ours = str(call.get("direction", "")).startswith("outbound")
        legs = self._legs(call_id)
        kind = self._of_ours(call, legs) if is_ours else self._of_theirs(call, legs)
        return CallEvent(
            provider=self._dialect.name,
            event_id=event_id(call_id, kind, reference=reference),
            call_id=call_id,
            kind=kind,
            reference=reference,
        )

    def _of_theirs(self, call: dict[str, Any], legs: list[dict[str, Any]]) -> Kind:
        """A customer called. Of an agent's phone that was answered only the whisper tells whether they talk."""
        kind = self._kind(call)
        if kind in FINAL or kind is Kind.RINGING:
            return kind
        for leg in legs:
            if leg.get("status") in _NEW:
                return Kind.AGENT_RINGING
            if leg.get("status") == "in-progress" and str(leg.get("to", "")).startswith("sip:"):
                return Kind.BRIDGED
        return Kind.ANSWERED

    def _of_ours(self, call: dict[str, Any], legs: list[dict[str, Any]]) -> Kind:
        """We called, agent first: with no second leg the customer was never rung."""
        if legs:
            kind = self._kind(legs[0])
            return Kind.BRIDGED if kind is Kind.ANSWERED else kind
        kind = self._kind(call)
        if kind in (Kind.BUSY, Kind.NO_ANSWER, Kind.FAILED):
            return Kind.CANCELED
        return kind if kind in FINAL else Kind.AGENT_RINGING

    def _kind(self, call: dict[str, Any]) -> Kind:
        return self._dialect.statuses.get(str(call.get("status", "")), Kind.RINGING)

    def _legs(self, call_id: str) -> list[dict[str, Any]]:
        """Newest first, as all their lists."""
        return self._list({"ParentCallSid": call_id, "PageSize": str(PAGE)})

    def _dialled_lately(self) -> Iterator[dict[str, Any]]:
        since = self._clock() - LOOK_BACK
        for call in self._list({"PageSize": str(PAGE)}):
            if call.get("direction") == "outbound-api" and _made_at(call, default=since) >= since:
                yield call

    def _references(self, call_id: str) -> Iterator[str]:
        told = self._rest.get(self._path(self._dialect.events_path, call_id)).get("events")
        for event in told if isinstance(told, list) else []:
            request = event.get("request") if isinstance(event, dict) else None
            url = request.get("url", "") if isinstance(request, dict) else ""
            yield from parse_qs(urlsplit(str(url)).query).get("ref", [])

    def _list(self, query: dict[str, str]) -> list[dict[str, Any]]:
        calls = self._rest.get(self._path(self._dialect.calls_path), query).get("calls")
        return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []

    def _path(self, template: str, call_id: str = "") -> str:
        return self._dialect.path(template, account=self._account, call=call_id)


def _made_at(call: dict[str, Any], *, default: datetime) -> datetime:
    try:
        return parsedate_to_datetime(str(call.get("date_created")))
    except (ValueError, TypeError):
        return default
