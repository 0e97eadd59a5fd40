"""`handoffs`: the customer's own, from the click to the survey."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from handoff.api import shapes
from handoff.api.fields import ClientId, Flag, Integer, Strict, Text
from handoff.api.phone import CallbackIn, read_wish
from handoff.api.views import CustomerView, read_body
from handoff.broker import queries as handoffs
from handoff.conversations.batch import batcher
from handoff.conversations.judging import Send
from handoff.flows import add_context, end_talk, views
from handoff.flows.change_intent import change_intent
from handoff.flows.open_handoff import Ask, open_handoff
from handoff.journeys.context import PAGE_SOURCES
from handoff.lib.errors import DomainError
from handoff.protocol.attachment_shapes import MESSAGE_ATTACHMENTS
from handoff.protocol.shapes import Source
from handoff.realtime import limits, log, streams
from handoff.realtime.log import Status

EVENTS_LIMIT = 200


class HandoffIn(Strict):
    """`journey` is checked by its own rules: steps and facts as the page tells them."""

    client_id = ClientId()
    intent = Text(max_length=64)
    channel = Text(max_length=16)
    statement = Text(required=False, allow_blank=True, allow_null=True)
    leave = Flag(required=False)
    callback = CallbackIn(required=False, allow_null=True)
    journey = serializers.JSONField(required=False, allow_null=True)


class MessageIn(Strict):
    client_id = ClientId()
    text = Text(allow_blank=True)
    attachments = serializers.ListField(child=Text(max_length=40), required=False, max_length=MESSAGE_ATTACHMENTS)


class JourneyIn(Strict):
    steps = serializers.JSONField(required=False)
    facts = serializers.JSONField(required=False)


class IntentIn(Strict):
    intent = Text(max_length=64)


class StrikeIn(Strict):
    key = Text(max_length=64)
    source = Text(max_length=16)  # type: ignore[assignment]


class SurveyIn(Strict):
    effort = Integer(min_value=1, max_value=7)
    comment = Text(required=False, allow_blank=True, allow_null=True)


class HandoffsView(CustomerView):
    too_large_code = "context_too_large"

    @extend_schema(request=HandoffIn, responses={201: shapes.HandoffOut, 200: shapes.HandoffOut})
    def post(self, request: Request) -> Response:
        """The click. The same `client_id` again, or an open one: 200 with that one and `existing: true`."""
        asked = read_body(request, HandoffIn)
        customer = self.customer_session.customer
        limits.check(
            (limits.HANDOFF_OPENS, self.customer_session.pk),
            (limits.CUSTOMER_HANDOFF_OPENS, customer.pk),
            (limits.SITE_HANDOFF_OPENS, customer.site_id),
        )
        ask = Ask(
            client_id=asked["client_id"],
            intent=asked["intent"],
            channel=asked["channel"],
            statement=asked.get("statement") or "",
            leave=asked.get("leave", False),
            wish=read_wish(asked.get("callback")),
            journey=asked.get("journey"),
        )
        view, is_new = open_handoff(self.customer_session, ask)
        return Response(view, status=201 if is_new else 200)


class HandoffView(CustomerView):
    @extend_schema(responses={200: shapes.HandoffOut})
    def get(self, request: Request, handoff_id: str) -> Response:
        """The handoff as it stands."""
        handoff = handoffs.of_customer(self.customer_session.customer, handoff_id)
        return Response(views.customer_handoff(handoff).to_wire())


class EventsView(CustomerView):
    @extend_schema(
        parameters=[OpenApiParameter("after", int, description="The last seq the reader has.")],
        responses={200: shapes.EventsOut},
    )
    def get(self, request: Request, handoff_id: str) -> Response:
        """What came after a cursor, at most 200."""
        handoff = handoffs.of_customer(self.customer_session.customer, handoff_id)
        stream = streams.handoff(handoff.public_id)
        after = read_count(request, "after")
        epoch = log.epoch()
        with log.reading():
            entries = log.read_after(stream, after, limit=EVENTS_LIMIT)
            head = log.heads_of([stream])[stream]
        return Response({"epoch": epoch, "head": head, "events": [entry.to_wire() for entry in entries]})


class MessagesView(CustomerView):
    @extend_schema(request=MessageIn, responses={201: shapes.SentOut, 200: shapes.SentOut})
    def post(self, request: Request, handoff_id: str) -> Response:
        """Say one thing, once however often it is sent."""
        asked = read_body(request, MessageIn)
        customer = self.customer_session.customer
        limits.check(
            # The same bucket that this session's sockets spend.
            (limits.MESSAGES, ("session", self.customer_session.pk)),
            (limits.HTTP_MESSAGES, self.customer_session.pk),
            (limits.CUSTOMER_MESSAGES, customer.pk),
            (limits.SITE_MESSAGES, customer.site_id),
        )
        send = Send.of(
            handoff_id=handoff_id,
            author_kind="customer",
            author_id=customer.public_id,
            client_id=asked["client_id"],
            text=asked["text"],
            attachments=asked.get("attachments", ()),
        )
        outcome = batcher.send(send)
        return Response(log.answer(outcome), status=201 if outcome.status is Status.STORED else 200)


class JourneyView(CustomerView):
    too_large_code = "context_too_large"

    @extend_schema(request=JourneyIn, responses={200: shapes.HandoffOut})
    def post(self, request: Request, handoff_id: str) -> Response:
        """Further steps and facts, live."""
        journey: dict[str, Any] = read_body(request, JourneyIn)
        add_context.record_journey(self.customer_session.customer, handoff_id, journey=journey)
        return self._as_get(handoff_id)

    def _as_get(self, handoff_id: str) -> Response:
        handoff = handoffs.of_customer(self.customer_session.customer, handoff_id)
        return Response(views.customer_handoff(handoff).to_wire())


class IntentView(JourneyView):
    @extend_schema(request=IntentIn, responses={200: shapes.HandoffOut})
    def post(self, request: Request, handoff_id: str) -> Response:
        """Something else after all."""
        asked = read_body(request, IntentIn)
        change_intent(self.customer_session, handoff_id, intent_key=asked["intent"])
        return self._as_get(handoff_id)


class ReceiptView(CustomerView):
    @extend_schema(responses={200: shapes.ReceiptOut})
    def get(self, request: Request, handoff_id: str) -> Response:
        """What the agent has, as the agent sees it."""
        handoff = handoffs.of_customer(self.customer_session.customer, handoff_id)
        return Response(handoffs.receipt_of(handoff).to_wire())


class StrikeView(CustomerView):
    @extend_schema(request=StrikeIn, responses={200: shapes.ReceiptOut})
    def post(self, request: Request, handoff_id: str) -> Response:
        """Take back one fact that was not signed."""
        asked = read_body(request, StrikeIn)
        customer = self.customer_session.customer
        add_context.strike_fact(customer, handoff_id, key=asked["key"], source=read_source(asked["source"]))
        return Response(handoffs.receipt_of(handoffs.of_customer(customer, handoff_id)).to_wire())


class CancelView(JourneyView):
    @extend_schema(request=None, responses={200: shapes.HandoffOut})
    def post(self, request: Request, handoff_id: str) -> Response:
        """Leave the line."""
        read_body(request, Strict)
        end_talk.cancel(self.customer_session.customer, handoff_id)
        return self._as_get(handoff_id)


class EndView(JourneyView):
    @extend_schema(request=None, responses={200: shapes.HandoffOut})
    def post(self, request: Request, handoff_id: str) -> Response:
        """End the talk."""
        read_body(request, Strict)
        end_talk.end_by_customer(self.customer_session.customer, handoff_id)
        return self._as_get(handoff_id)


class SurveyView(CustomerView):
    @extend_schema(request=SurveyIn, responses={200: shapes.HandoffOut})
    def post(self, request: Request, handoff_id: str) -> Response:
        """How easy it was, 1 to 7."""
        asked = read_body(request, SurveyIn)
        customer = self.customer_session.customer
        end_talk.answer_survey(customer, handoff_id, effort=asked["effort"], comment=asked.get("comment") or "")
        return Response(views.customer_handoff(handoffs.of_customer(customer, handoff_id)).to_wire())


def read_count(request: Request, name: str) -> int:
    """A query's non-negative integer, 0 if absent. Raises `invalid_request`."""
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise DomainError("invalid_request", "A number is malformed.", fields={name: "invalid"})
    return int(text)


def read_source(text: str) -> Source:
    """Raises `invalid_request` for what the customer cannot take back."""
    for source in PAGE_SOURCES:
        if text == source:
            return source
    raise DomainError(
        "invalid_request", "Only observed and stated facts can be taken back.", fields={"source": "invalid"}
    )
