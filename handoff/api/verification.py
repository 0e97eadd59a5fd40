"""`handoffs/{id}/verification`: what the customer says to an agent who asks them to confirm who they are."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from handoff.api import shapes
from handoff.api.fields import Strict
from handoff.api.handoffs import JourneyView
from handoff.api.views import read_body
from handoff.flows import verification


class DeclineView(JourneyView):
    @extend_schema(request=None, responses={200: shapes.HandoffOut})
    def post(self, request: Request, handoff_id: str) -> Response:
        """Not now. To confirm, present a fresh token to `POST sessions`."""
        read_body(request, Strict)
        verification.decline(self.customer_session.customer, handoff_id)
        return self._as_get(handoff_id)
