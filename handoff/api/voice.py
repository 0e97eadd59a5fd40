"""Phone providers' webhooks: plain HTTP in, the provider's own kind of answer out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from handoff.api.errors import RETRY_AFTER_SECONDS, body_of, status_of
from handoff.lib.errors import DomainError, NotFound
from handoff.telephony import registry
from handoff.telephony.backends import generic
from handoff.telephony.webhooks import Answering, Webhook


@csrf_exempt
def match(request: HttpRequest) -> HttpResponse:
    """`POST /voice/match`."""
    return _answer(request, generic.NAME, step="match")


@csrf_exempt
def receive(request: HttpRequest, provider: str, step: str) -> HttpResponse:
    """A provider's own webhooks."""
    return _answer(request, provider, step=step)


def _answer(request: HttpRequest, name: str, *, step: str) -> HttpResponse:
    try:
        provider = registry.get(name)
        if not isinstance(provider, Answering):
            raise NotFound
        if request.method != "POST":
            return _refuse(DomainError("invalid_request", "This path does not take that method."), request, status=405)
        reply = provider.answer(_webhook(request, step))
    except DomainError as error:
        return _refuse(error, request, status=status_of(error))
    return HttpResponse(reply.body, content_type=reply.content_type, headers={"Cache-Control": "no-store"})


def _webhook(request: HttpRequest, step: str) -> Webhook:
    """Raises `invalid_request` for a body that broke off."""
    query = request.META.get("QUERY_STRING", "")
    try:
        body = request.body
    except (RawPostDataException, UnreadablePostError):
        raise DomainError("invalid_request", "The body broke off.") from None
    return Webhook(
        step=step,
        # As it came, for it is signed: Django's own full path would spell the query anew.
        target=f"{request.path}?{query}" if query else request.path,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
    )


def _refuse(error: DomainError, request: HttpRequest, *, status: int) -> JsonResponse:
    response = JsonResponse(body_of(error, request), status=status)
    if status in (429, 503):
        response["Retry-After"] = str(getattr(error, "retry_after_seconds", RETRY_AFTER_SECONDS))
    return response
