"""Every table of the app, for Django to find; nobody else imports this."""

from handoff.broker.models import Handoff, Survey, WrapUp
from handoff.identity.models import Customer, Session, Site, SiteKey, Ticket, UsedToken
from handoff.intents.models import Intent, IntentAction
from handoff.journeys.models import Fact, Journey, Step
from handoff.realtime.models import Epoch, LogEntry, ServerBeat, Stream, WorkerBeat
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, AgentSkill, Hours, Queue, Skill, User

__all__ = [
    "Agent",
    "AgentSkill",
    "Customer",
    "Epoch",
    "Fact",
    "Handoff",
    "Hours",
    "Intent",
    "IntentAction",
    "Journey",
    "LogEntry",
    "Offer",
    "Queue",
    "ServerBeat",
    "Session",
    "Site",
    "SiteKey",
    "Skill",
    "Step",
    "Stream",
    "Survey",
    "Ticket",
    "UsedToken",
    "User",
    "WorkerBeat",
    "WrapUp",
]
