"""A callback's own page, for whoever holds its link: when, to which digits, later or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.formats import date_format
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.broker.states import BEFORE_TALK, Channel, State
from handoff.callbacks import links
from handoff.callbacks import queries as callbacks
from handoff.callbacks.models import Callback
from handoff.callbacks.windows import tell_window, zone_of
from handoff.flows.callbacks import Later, cancel_by_link, postpone_by_link
from handoff.lib.errors import DomainError, NotFound
from handoff.realtime import limits
from handoff.telephony.base import masked
from handoff.widget.languages import Language
from handoff.widget.looks import colours_address
from handoff.widget.views import language_for
from handoff.widget.words import say, say_problem

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'"
)
# The page's words that take no value.
_PLAIN: Final = ("later_15", "later_60", "cancel", "being_made", "no_call", "no_call_why")
_MOVES: Final[dict[str, Callable[[str], None]]] = {
    "later-15": lambda handoff_id: postpone_by_link(handoff_id, Later(minutes=15)),
    "later-60": lambda handoff_id: postpone_by_link(handoff_id, Later(minutes=60)),
    "cancel": cancel_by_link,
}


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def callback(request: HttpRequest, token: str) -> HttpResponse:
    """A forged link, one too old and one of a callback that is gone are told the same: 404."""
    handoff, row = _find(token)
    language = language_for(request, handoff.site)
    problem = None
    if request.method == "POST":
        try:
            limits.REQUESTS.check(("link", handoff.pk))
            _MOVES.get(request.POST.get("do", ""), _refuse)(handoff.public_id)
            return HttpResponseRedirect(request.get_full_path())
        except DomainError as error:
            problem = say_problem(error.code, language=language.base)
    context = _context(handoff, row, language=language) | {"problem": problem}
    response = render(request, "widget/callback.html", context)
    response["Content-Security-Policy"] = POLICY
    # The address is the key: neither kept nor told to anybody it leads to.
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    patch_vary_headers(response, ["Accept-Language"])
    return response


def _find(token: str) -> tuple[Handoff, Callback]:
    try:
        handoff = handoffs.by_id(links.read(token))
    except NotFound:
        raise Http404 from None
    row = callbacks.of(handoff)
    if row is None or not row.number:
        raise Http404
    return handoff, row


def _context(handoff: Handoff, row: Callback, *, language: Language) -> dict[str, Any]:
    site, base = handoff.site, language.base
    name = site.brand.get("name") or site.name
    number = masked(row.number)
    return {
        "language": language,
        "colours": colours_address(site),
        "title": f"{say('your_call', language=base)} · {name}",
        "help": say("help", language=base, site=name),
        "intent": handoff.intent.label,
        "heading": say("we_call", language=base, number=number),
        "when": _when(row, language=base),
        "rings": say("rings", language=base, number=number),
        "says": {key: say(key, language=base) for key in _PLAIN},
        "is_waiting": handoff.channel == Channel.CALLBACK and handoff.state in BEFORE_TALK,
        "is_talking": handoff.state == State.CONNECTED,
    }


def _when(row: Callback, *, language: str) -> str:
    with translation.override(language):
        if window := callbacks.window_of(row):
            told = tell_window(window, zone=row.time_zone)
            day = date_format(date.fromisoformat(told.date))
            return say("in_window", language=language, date=day, start=told.start, end=told.end, zone=row.time_zone)
        if row.next_at:
            at = row.next_at.astimezone(zone_of(row.time_zone))
            day = date_format(at)
            return say("from_time", language=language, time=f"{at:%H:%M}", date=day, zone=row.time_zone)
    return say("on_turn", language=language)


def _refuse(handoff_id: str) -> None:
    raise DomainError("invalid_request", "That button is not one of this page's.", fields={"do": "unknown"})
