"""Every table of the app, for Django to find; nobody else imports this."""

from handoff.broker.models import Handoff, Survey, WrapUp
from handoff.callbacks.models import Callback, CallingRules, Suppression
from handoff.calls.models import Call, CallReport, CallTask, Code, WrongCode
from handoff.identity.models import Customer, Session, Site, SiteKey, Ticket, UsedToken
from handoff.intents.models import Intent, IntentAction
from handoff.journeys.models import Fact, Journey, Step
from handoff.realtime.models import Epoch, LogEntry, ServerBeat, Stream, WorkerBeat
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, AgentSkill, Hours, Queue, Skill, User
from handoff.telephony.models import PhoneNumber

__all__ = [
    "Agent",
    "AgentSkill",
    "Call",
    "CallReport",
    "CallTask",
    "Callback",
    "CallingRules",
    "Code",
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
    "PhoneNumber",
    "Queue",
    "ServerBeat",
    "Session",
    "Site",
    "SiteKey",
    "Skill",
    "Step",
    "Stream",
    "Suppression",
    "Survey",
    "Ticket",
    "UsedToken",
    "User",
    "WorkerBeat",
    "WrapUp",
    "WrongCode",
]
