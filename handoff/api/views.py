"""What every route of a customer shares: who asks, from where, how often."""

from __future__ import annotations

import contextlib
import ipaddress
from functools import cache
from typing import Any, Final, TypeVar

from django.conf import settings
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from handoff.api.fields import Strict
from handoff.identity import actions as identity
from handoff.identity.models import Session, Site
from handoff.identity.queries import session_by_token, suits_site
from handoff.lib.errors import DomainError, NotFound
from handoff.realtime import limits

_CREDENTIAL_NAMES: Final = frozenset(
    {"access_token", "authorization", "identity_token", "jwt", "session", "session_token", "ticket", "token"}
)
_CREDENTIAL_STARTS: Final = (identity.BEARER_PREFIX, identity.TICKET_PREFIX, "eyJ")
ADDRESS_LIMIT: Final = 64
In = TypeVar("In", bound=Strict)


class PublicView(APIView):
    """No one is asked who they are; a credential in the address is refused all the same."""

    too_large_code = "too_long"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_credentials_in_url(request)
        if any("\0" in str(id_) for id_ in kwargs.values()):
            # PostgreSQL cannot even look for NUL, so nothing is named by it.
            raise NotFound


class CustomerView(PublicView):
    """For a live session, from a page of its site."""

    customer_session: Session

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        token = bearer_token(request)
        if token is None:
            raise DomainError("session_required", "Open a session first.")
        self.customer_session, now = session_by_token(token)
        check_origin(request, self.customer_session.customer.site)
        limits.REQUESTS.check(self.customer_session.pk)
        identity.note_call(self.customer_session, now=now)


class DeskView(PublicView):
    """For a signed-in account, from the console's own pages; DRF's own class checks the CSRF token."""

    authentication_classes = [SessionAuthentication]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.user is None:
            raise DomainError("session_required", "Sign in first.")
        if request.method != "GET" and request.headers.get("Origin") != settings.PUBLIC_ORIGIN:
            raise DomainError("origin_not_allowed", "The desk lives on our own origin only.")


class NothingHere(PublicView):
    """A route that is not built: the same 404 as for an absent id."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound

    def handle(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        raise NotFound

    get = post = put = patch = delete = handle


def read_body(request: Request, shape: type[In]) -> dict[str, Any]:
    """The body's fields, strictly. Raises DRF's ValidationError, mapped to `invalid_request` or `unknown_field`."""
    found: dict[str, Any] = _reader_of(shape).run_validation(request.data)
    return found


@cache
def _reader_of(shape: type[Strict]) -> Strict:
    """One for all requests: it keeps nothing of what it reads, and making it costs more than reading with it."""
    return shape()


def bearer_token(request: Request) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def check_origin(request: Request, site: Site) -> None:
    """Raises `origin_not_allowed`; a missing Origin is a plain GET, or an app client of a site that has such."""
    origin = request.headers.get("Origin")
    if origin is None:
        if request.method == "GET" or site.allow_app_clients:
            return
    elif suits_site(origin, site):
        # Whoever writes the headers for other origins need not ask the database again.
        request._request.known_origin = origin  # type: ignore[attr-defined]
        return
    raise DomainError("origin_not_allowed", "This page is not one of the site's.")


def refuse_credentials_in_url(request: Request) -> None:
    """Addresses end up in logs and histories. Raises `credential_in_url`."""
    for name, values in request.query_params.lists():
        if name.lower() in _CREDENTIAL_NAMES or any(value.startswith(_CREDENTIAL_STARTS) for value in values):
            raise DomainError("credential_in_url", "A credential belongs in the Authorization header.")


def client_address(request: Request) -> str:
    """The address that counts for limits: forwarded headers hold only for the configured number of hops."""
    hops = settings.TRUSTED_PROXIES
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    address = forwarded[-hops] if hops and len(forwarded) >= hops else request.META.get("REMOTE_ADDR", "")
    return prefix_of(address)


def prefix_of(address: str) -> str:
    """What one customer holds: an IPv4 address, or a /64 of IPv6, which gives each device more than it could use up."""
    for text in (address, address.rpartition(":")[0].strip("[]")):  # some proxies tell the port too
        with contextlib.suppress(ValueError):
            found = ipaddress.ip_address(text.strip("[]"))
            if isinstance(found, ipaddress.IPv4Address):
                return str(found)
            return str(found.ipv4_mapped or ipaddress.IPv6Network((found, 64), strict=False))
    return address[:ADDRESS_LIMIT]
