"""Every table of the app, for Django to find; nobody else imports this."""

from handoff.attachments.models import Attachment
from handoff.broker.models import Handoff, Survey, VerificationRequest, WrapUp
from handoff.callbacks.models import Callback, CallingRules, Suppression
from handoff.calls.models import Call, CallReport, CallTask, Code, WrongCode
from handoff.conversations.models import Draft, ReAsk
from handoff.identity.models import Customer, Session, Site, SiteKey, Ticket, UsedToken
from handoff.intents.models import Intent, IntentAction
from handoff.journeys.models import Fact, Journey, Step
from handoff.knowledge.models import Article, ArticleVersion, ArticleVote, CannedReply, Deflection
from handoff.realtime.models import Edition, Epoch, LogEntry, ServerBeat, Stream, WorkerBeat
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, AgentSkill, Hours, Queue, Skill, User
from handoff.supervision.models import Promise, RecordRead, Shift, Stint, Wait, Watch
from handoff.telephony.models import PhoneNumber

__all__ = [
    "Agent",
    "AgentSkill",
    "Article",
    "ArticleVersion",
    "ArticleVote",
    "Attachment",
    "Call",
    "CallReport",
    "CallTask",
    "Callback",
    "CallingRules",
    "CannedReply",
    "Code",
    "Customer",
    "Deflection",
    "Draft",
    "Edition",
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
    "Promise",
    "Queue",
    "ReAsk",
    "RecordRead",
    "ServerBeat",
    "Session",
    "Shift",
    "Site",
    "SiteKey",
    "Skill",
    "Step",
    "Stint",
    "Stream",
    "Suppression",
    "Survey",
    "Ticket",
    "UsedToken",
    "User",
    "VerificationRequest",
    "Wait",
    "Watch",
    "WorkerBeat",
    "WrapUp",
    "WrongCode",
]
