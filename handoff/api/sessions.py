"""`sessions`, `sessions/ticket`, `availability`: come in, stay in, go."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from handoff.api import shapes
from handoff.api.fields import Flag, Strict, Text
from handoff.api.views import (
    CustomerView,
    PublicView,
    bearer_token,
    check_origin,
    client_address,
    read_body,
)
from handoff.flows import sessions
from handoff.identity import actions as identity
from handoff.identity.models import Session
from handoff.identity.queries import session_by_token, site_by_key
from handoff.identity.tokens import MAX_TOKEN_BYTES, TokenRefused
from handoff.lib.errors import DomainError
from handoff.realtime import editions, limits
from handoff.realtime.clock import database_now
from handoff.routing import queries as routing


class SessionIn(Strict):
    """`identity_token` is what the site's server signed; without it the customer stays unverified.

    `answers_verification`: it was fetched because an agent asked for it, so that they learn what it lacks.
    """

    site = Text(max_length=64)
    identity_token = Text(required=False, allow_null=True, max_length=None)
    embedded_by = Text(required=False, allow_null=True, max_length=255)
    answers_verification = Flag(required=False)


class SessionsView(PublicView):
    too_large_code = "token_too_large"

    @extend_schema(request=SessionIn, responses={201: shapes.SessionOut, 200: shapes.SessionOut})
    def post(self, request: Request) -> Response:
        """Open a session; with a live one and a fresh token, verify or refresh it; with a live one alone, read it."""
        limits.SESSION_OPENS.check(client_address(request))
        asked = read_body(request, SessionIn)
        token = asked.get("identity_token")
        if token is not None and len(token.encode()) > MAX_TOKEN_BYTES:
            raise TokenRefused("token_too_large", f"At most {MAX_TOKEN_BYTES} bytes.")
        now, edition = editions.look()
        site = site_by_key(asked["site"], edition=edition)
        check_origin(request, site)
        limits.SITE_SESSION_OPENS.check(site.pk)
        current = _current(request, site_key=site.key, has_token=token is not None)
        if current is not None and token is None:
            return Response(sessions.describe(current, token=bearer_token(request) or ""), status=200)
        arrival = sessions.Arrival(origin=request.headers.get("Origin", ""), embedded_by=asked.get("embedded_by") or "")
        bundle, is_first = sessions.open_session(
            site,
            token=token,
            current=current,
            arrival=arrival,
            is_answer=asked.get("answers_verification", False),
            now=now,
        )
        return Response(bundle, status=201 if is_first else 200)

    @extend_schema(
        request=None,
        parameters=[OpenApiParameter("everywhere", bool, description="End all of the customer's sessions.")],
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        """Sign out: the token and its sockets are dead within seconds; the talk goes on without the customer."""
        token = bearer_token(request)
        if token is None:
            raise DomainError("session_required", "Open a session first.")
        session, _ = session_by_token(token)
        check_origin(request, session.customer.site)
        sessions.sign_out(session, everywhere=request.query_params.get("everywhere") == "true")
        return Response(status=204)


class TicketView(CustomerView):
    @extend_schema(request=None, responses={200: shapes.TicketOut})
    def post(self, request: Request) -> Response:
        """One use, for one WebSocket, within half a minute."""
        limits.TICKETS.check(self.customer_session.pk)
        read_body(request, Strict)
        ticket = identity.issue_session_ticket(self.customer_session, now=database_now())
        return Response(ticket_bundle(ticket, "/ws/customer"))


class AvailabilityView(CustomerView):
    @extend_schema(responses={200: shapes.AvailabilityOut})
    def get(self, request: Request) -> Response:
        """How each intent's channels stand now."""
        menu = routing.menu_of(self.customer_session.customer.site, now=database_now())
        return Response({"intents": [intent.to_wire() for intent in menu]})


def ticket_bundle(ticket: str, path: str) -> dict[str, object]:
    """What a page needs to open its socket."""
    origin = settings.PUBLIC_ORIGIN.replace("http", "ws", 1)
    return {"ticket": ticket, "url": origin + path, "expires_in": int(settings.HANDOFF_SECONDS["TICKET_LIFE"])}


def _current(request: Request, *, site_key: str, has_token: bool) -> Session | None:
    """The live session that asks, if one does. A dead one is no hindrance to somebody with a fresh token."""
    token = bearer_token(request)
    if token is None:
        return None
    try:
        session, _ = session_by_token(token)
    except DomainError:
        if has_token:
            return None
        raise
    if session.customer.site.key != site_key:
        raise DomainError("session_required", "The session is of another site.")
    return session
