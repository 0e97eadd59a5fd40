"""A callback's own page, for whoever holds its link: when, to which digits, later or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.broker.states import BEFORE_TALK, Channel, State
from handoff.callbacks import links
from handoff.callbacks import queries as callbacks
from handoff.callbacks.models import Callback
from handoff.callbacks.windows import tell_window
from handoff.flows.callbacks import Later, cancel_by_link, postpone_by_link
from handoff.lib.errors import DomainError, NotFound
from handoff.realtime import limits
from handoff.telephony.base import masked
from handoff.widget.views import DEFAULT_BRAND

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'"
)
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
    problem = None
    if request.method == "POST":
        try:
            limits.REQUESTS.check(("link", handoff.pk))
            _MOVES.get(request.POST.get("do", ""), _refuse)(handoff.public_id)
            return HttpResponseRedirect(request.path)
        except DomainError as error:
            problem = error.message
    response = render(request, "widget/callback.html", _context(handoff, row) | {"problem": problem})
    response["Content-Security-Policy"] = POLICY
    # The address is the key: neither kept nor told to anybody it leads to.
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
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


def _context(handoff: Handoff, row: Callback) -> dict[str, Any]:
    window = callbacks.window_of(row)
    return {
        "site_name": handoff.site.name,
        "brand_color": handoff.site.brand.get("color", DEFAULT_BRAND),
        "intent": handoff.intent.label,
        "number": masked(row.number),
        "window": tell_window(window, zone=row.time_zone) if window else None,
        "next_at": row.next_at,
        "zone": row.time_zone,
        "is_waiting": handoff.channel == Channel.CALLBACK and handoff.state in BEFORE_TALK,
        "is_talking": handoff.state == State.CONNECTED,
    }


def _refuse(handoff_id: str) -> None:
    raise DomainError("invalid_request", "That button is not one of this page's.", fields={"do": "unknown"})
