"""The phone's side of a handoff: another channel, codes, callbacks put off, calls claimed, windows offered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from handoff.api import shapes
from handoff.api.fields import Flag, Integer, Strict, Text
from handoff.api.views import CustomerView, read_body
from handoff.broker import queries as handoffs
from handoff.broker.states import Channel
from handoff.callbacks.windows import LocalWindow
from handoff.flows import admission, callbacks, claim_call, views
from handoff.flows.booking import Wish, offered_slots
from handoff.flows.switch_channel import switch_by_customer
from handoff.realtime.clock import database_now


class WindowIn(Strict):
    """A day and two times there: `2026-11-27`, `15:00`, `15:20`."""

    date = Text(max_length=10)
    to = Text(max_length=5)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # A word of Python's own cannot be an attribute.
        return {**super().get_fields(), "from": Text(max_length=5)}


class CallbackIn(Strict):
    phone = Text(max_length=64)
    consent = Text()
    time_zone = Text(max_length=64)
    window = WindowIn(required=False, allow_null=True)


class ChannelIn(Strict):
    channel = Text(max_length=16)
    callback = CallbackIn(required=False, allow_null=True)


class SnoozeIn(Strict):
    """Exactly one of `minutes` and `window`."""

    minutes = Integer(required=False, allow_null=True)
    window = WindowIn(required=False, allow_null=True)
    time_zone = Text(required=False, allow_null=True, max_length=64)


class ClaimIn(Strict):
    call = Text(max_length=64)
    mine = Flag()


class PhoneView(CustomerView):
    """Answers the handoff as it stands then."""

    def _as_get(self, handoff_id: str) -> Response:
        handoff = handoffs.of_customer(self.customer_session.customer, handoff_id)
        return Response(views.customer_handoff(handoff).to_wire())


class ChannelView(PhoneView):
    @extend_schema(request=ChannelIn, responses={200: shapes.HandoffOut})
    def post(self, request: Request, handoff_id: str) -> Response:
        """The same need by another channel; the place is kept."""
        asked = read_body(request, ChannelIn)
        wish = read_wish(asked.get("callback"))
        switch_by_customer(self.customer_session, handoff_id, channel=asked["channel"], wish=wish)
        return self._as_get(handoff_id)


class SnoozeView(PhoneView):
    @extend_schema(request=SnoozeIn, responses={200: shapes.HandoffOut})
    def post(self, request: Request, handoff_id: str) -> Response:
        """Call me later."""
        asked = read_body(request, SnoozeIn)
        later = callbacks.Later(
            minutes=asked.get("minutes"), window=read_window(asked.get("window")), time_zone=asked.get("time_zone")
        )
        callbacks.postpone_by_customer(self.customer_session.customer, handoff_id, later)
        return self._as_get(handoff_id)


class ClaimView(PhoneView):
    @extend_schema(request=ClaimIn, responses={200: shapes.HandoffOut})
    def post(self, request: Request, handoff_id: str) -> Response:
        """Whether the call that arrived is this customer's own."""
        asked = read_body(request, ClaimIn)
        customer = self.customer_session.customer
        handoffs.of_customer(customer, handoff_id)
        claim_call.claim(self.customer_session, asked["call"], is_mine=asked["mine"])
        return self._as_get(handoff_id)


class CodeView(PhoneView):
    @extend_schema(request=None, responses={200: shapes.HandoffOut})
    def post(self, request: Request, handoff_id: str) -> Response:
        """A fresh code; the one before is nobody's from now on."""
        read_body(request, Strict)
        claim_call.renew_code(self.customer_session.customer, handoff_id)
        return self._as_get(handoff_id)


class SlotsView(CustomerView):
    @extend_schema(
        parameters=[
            OpenApiParameter("intent", str, required=True),
            OpenApiParameter("time_zone", str, required=True, description="Like `Europe/London`."),
        ],
        responses={200: shapes.SlotsOut},
    )
    def get(self, request: Request) -> Response:
        """The windows of the next seven days in which a callback can be promised."""
        key, zone = (request.query_params.get(name, "") for name in ("intent", "time_zone"))
        # PostgreSQL cannot even look for NUL.
        intent = admission.find_intent(self.customer_session.customer.site, key.replace("\0", " "))
        admission.check_channel(intent, Channel.CALLBACK)
        return Response(offered_slots(intent, zone=zone, now=database_now()).to_wire())


def read_wish(asked: Mapping[str, Any] | None) -> Wish | None:
    if asked is None:
        return None
    return Wish(
        phone=asked["phone"],
        consent=asked["consent"],
        time_zone=asked["time_zone"],
        window=read_window(asked.get("window")),
    )


def read_window(asked: Mapping[str, Any] | None) -> LocalWindow | None:
    return None if asked is None else LocalWindow(asked["date"], asked["from"], asked["to"])
