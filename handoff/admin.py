"""Every room's admin, for Django to find; nobody else imports this."""

from handoff.broker import admin as broker
from handoff.identity import admin as identity
from handoff.intents import admin as intents
from handoff.realtime import admin as realtime
from handoff.routing import admin as routing
from handoff.staffing import admin as staffing

__all__ = ["broker", "identity", "intents", "realtime", "routing", "staffing"]
