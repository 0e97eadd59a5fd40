"""The HTTP API's map."""

from django.urls import path, re_path

from handoff.api import desk, handoffs, phone, sessions
from handoff.api.views import NothingHere

_ID = "handoffs/<str:handoff_id>"

urlpatterns = [
    path("sessions", sessions.SessionsView.as_view()),
    path("sessions/ticket", sessions.TicketView.as_view()),
    path("availability", sessions.AvailabilityView.as_view()),
    path("handoffs", handoffs.HandoffsView.as_view()),
    path(_ID, handoffs.HandoffView.as_view()),
    path(f"{_ID}/events", handoffs.EventsView.as_view()),
    path(f"{_ID}/messages", handoffs.MessagesView.as_view()),
    path(f"{_ID}/journey", handoffs.JourneyView.as_view()),
    path(f"{_ID}/intent", handoffs.IntentView.as_view()),
    path(f"{_ID}/receipt", handoffs.ReceiptView.as_view()),
    path(f"{_ID}/receipt/strike", handoffs.StrikeView.as_view()),
    path(f"{_ID}/cancel", handoffs.CancelView.as_view()),
    path(f"{_ID}/end", handoffs.EndView.as_view()),
    path(f"{_ID}/survey", handoffs.SurveyView.as_view()),
    path(f"{_ID}/channel", phone.ChannelView.as_view()),
    path(f"{_ID}/code", phone.CodeView.as_view()),
    path(f"{_ID}/snooze", phone.SnoozeView.as_view()),
    path(f"{_ID}/claim", phone.ClaimView.as_view()),
    path("availability/slots", phone.SlotsView.as_view()),
    path("desk/ticket", desk.DeskTicketView.as_view()),
    path("desk/callbacks", desk.CallbacksView.as_view()),
    path("desk/destinations", desk.DestinationsView.as_view()),
    path("desk/handoffs/<str:handoff_id>/events", desk.DeskEventsView.as_view()),
    re_path(r".*", NothingHere.as_view()),
]
