"""Every room's admin, for Django to find; nobody else imports this."""

from handoff.broker import admin as broker
from handoff.callbacks import admin as callbacks
from handoff.calls import admin as calls
from handoff.identity import admin as identity
from handoff.intents import admin as intents
from handoff.knowledge import admin as knowledge
from handoff.realtime import admin as realtime
from handoff.routing import admin as routing
from handoff.staffing import admin as staffing
from handoff.supervision import admin as supervision
from handoff.telephony import admin as telephony

__all__ = [
    "broker",
    "callbacks",
    "calls",
    "identity",
    "intents",
    "knowledge",
    "realtime",
    "routing",
    "staffing",
    "supervision",
    "telephony",
]
