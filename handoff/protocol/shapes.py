"""The nouns that events, snapshots and answers are made of, as they stand on the wire."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from handoff.protocol.composer_shapes import DraftView as DraftView
from handoff.protocol.phone_shapes import CallbackView as CallbackView

# One vocabulary for its readers; it stands in two files for its length alone.
from handoff.protocol.phone_shapes import CallDirection as CallDirection
from handoff.protocol.phone_shapes import CallingView as CallingView
from handoff.protocol.phone_shapes import CallStatus as CallStatus
from handoff.protocol.phone_shapes import CallView as CallView
from handoff.protocol.phone_shapes import Claim as Claim
from handoff.protocol.phone_shapes import Evidence as Evidence
from handoff.protocol.phone_shapes import PhoneView as PhoneView
from handoff.protocol.phone_shapes import Slot as Slot
from handoff.protocol.phone_shapes import Slots as Slots
from handoff.protocol.phone_shapes import TimeWindow as TimeWindow
from handoff.protocol.phone_shapes import Trouble as Trouble
from handoff.protocol.shape import Shape as Shape
from handoff.protocol.verification_shapes import AskedBy as AskedBy
from handoff.protocol.verification_shapes import AskedFor as AskedFor
from handoff.protocol.verification_shapes import Lack as Lack
from handoff.protocol.verification_shapes import VerificationStatus as VerificationStatus
from handoff.protocol.verification_shapes import VerificationView as VerificationView

Scalar = str | int | float | bool | None
Source = Literal["verified", "observed", "stated", "desk"]
StepStatus = Literal["started", "done", "failed"]
AuthorKind = Literal["customer", "agent", "system"]
OfferStatus = Literal["pending", "accepted", "declined", "timed_out", "withdrawn", "agent_lost"]
Presence = Literal["here", "away", "reconnecting", "signed_out"]
VerdictWord = Literal["enough", "ask_again", "not_here"]
SupervisionAct = Literal["watching", "stopped", "joined", "left", "took_over", "reassigned"]


class Named(Shape, frozen=True, kw_only=True):
    name: str


class IntentRef(Shape, frozen=True, kw_only=True):
    key: str
    label: str


class SiteRef(Shape, frozen=True, kw_only=True):
    key: str
    name: str


class QueueRef(Shape, frozen=True, kw_only=True):
    key: str
    name: str


class AgentRef(Shape, frozen=True, kw_only=True):
    id: str
    name: str


class Assurance(Shape, frozen=True, kw_only=True):
    """How strongly and when the site authenticated the customer (OpenID Connect `acr`, `amr`, `auth_time`)."""

    acr: str | None
    amr: list[str]
    auth_time: int | None


class CustomerCard(Shape, frozen=True, kw_only=True):
    id: str
    name: str | None
    verified: bool
    assurance: Assurance | None


class Step(Shape, frozen=True, kw_only=True):
    path: str
    status: StepStatus
    at: str
    name: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    error: str | UnsetType = UNSET


class Fact(Shape, frozen=True, kw_only=True):
    key: str
    label: str
    value: Scalar
    source: Source
    at: str


class FactKey(Shape, frozen=True, kw_only=True):
    key: str
    source: Source


class Author(Shape, frozen=True, kw_only=True):
    kind: AuthorKind
    name: str


class Estimate(Shape, frozen=True, kw_only=True):
    """How long a wait will be: `confidence` is the share of such waits that ended inside the range."""

    kind: Literal["soon", "range", "unknown"]
    low_seconds: int | UnsetType = UNSET
    high_seconds: int | UnsetType = UNSET
    confidence: float | UnsetType = UNSET
    # How many agents at work could take it: why a wait that grew has grown.
    agents: int | UnsetType = UNSET


class Verdict(Shape, frozen=True, kw_only=True):
    """What is added here needs a default: verdicts stand in the log as they were told."""

    key: str
    label: str
    verdict: VerdictWord
    lacks: Lack | None = None
    # What the action asks for.
    acr_values: list[str] = []
    max_age: int | None = None


class Stopped(Shape, frozen=True, kw_only=True):
    """The step the customer could not finish, and how often it failed."""

    name: str
    title: str | None
    error: str | None
    times: int


class Receipt(Shape, frozen=True, kw_only=True):
    """What the customer may see of what the agent was given."""

    name: str | None
    facts: list[Fact]
    steps: list[Step]
    statement: str | None
    assurance: Assurance | None


class CustomerHandoff(Shape, frozen=True, kw_only=True):
    """A handoff as its customer sees it."""

    id: str
    state: str
    version: int
    channel: str
    intent: IntentRef
    statement: str | None
    opened_at: str
    enqueued_at: str | None
    position: int | Literal["100+"] | None
    estimate: Estimate | None
    agent: Named | None
    agent_presence: Presence | None
    close_reason: str | None
    head: int
    agent_until: str | None = None
    due_at: str | None = None
    phone: PhoneView | None = None
    callback: CallbackView | None = None
    call: CallView | None = None
    verification: VerificationView | None = None
    existing: bool | UnsetType = UNSET


class RecentHandoff(Shape, frozen=True, kw_only=True):
    """The talk that just ended: in wrap-up, or closed in the last 24 hours."""

    id: str
    state: str
    intent: IntentRef
    channel: str
    at: str
    close_reason: str | None
    survey_due: bool


class TimelineEntry(Shape, frozen=True, kw_only=True):
    """One log entry as a reader sees it."""

    stream: str
    seq: int
    at: str
    type: str
    data: dict[str, Any]


class PastHandoff(Shape, frozen=True, kw_only=True):
    """An earlier handoff of the same verified customer, as an agent sees it."""

    id: str
    at: str
    intent: IntentRef
    channel: str
    disposition: str | None
    note: str | None
    close_reason: str | None


class JourneyView(Shape, frozen=True, kw_only=True):
    steps: list[Step]


class Why(Shape, frozen=True, kw_only=True):
    """Why this one, why now, why not the others: lines a person can read."""

    text: list[str]


class WrapUpView(Shape, frozen=True, kw_only=True):
    disposition: str
    note: str | None


class SurveyView(Shape, frozen=True, kw_only=True):
    effort: int
    comment: str | None


class ReadMarks(Shape, frozen=True, kw_only=True):
    customer: int
    agent: int


class DeskHandoff(Shape, frozen=True, kw_only=True):
    """A handoff at the desk: everything the agent need not ask."""

    id: str
    state: str
    version: int
    channel: str
    intent: IntentRef
    queue: QueueRef
    site: SiteRef
    statement: str | None
    customer: CustomerCard
    verdicts: list[Verdict]
    journey: JourneyView
    facts: list[Fact]
    history: list[PastHandoff]
    brief: str
    opened_at: str
    enqueued_at: str | None
    connected_at: str | None
    close_reason: str | None
    agent: AgentRef | None
    presence: Presence
    why: Why
    timeline: list[TimelineEntry]
    dispositions: list[str]
    wrap_up: WrapUpView | None
    survey: SurveyView | None
    read: ReadMarks
    # What speaks for the person on the line; null where it is the page itself that talks.
    evidence: Evidence | None = None
    callback: CallbackView | None = None
    call: CallView | None = None
    # The caller's whole number, where it was not withheld.
    caller_number: str | None = None
    verification: VerificationView | None = None
    heads: dict[str, int] | UnsetType = UNSET


class TransferView(Shape, frozen=True, kw_only=True):
    """Who passed it on, and what they had to say."""

    agent: AgentRef
    note: str


class OfferedHandoff(Shape, frozen=True, kw_only=True):
    """What an agent sees before accepting."""

    id: str
    channel: str
    intent: IntentRef
    queue: QueueRef
    site: SiteRef
    statement: str | None
    customer: CustomerCard
    enqueued_at: str
    brief: str
    stopped_at: Stopped | None
    earlier: int
    # Offers are stored as they were told: whatever is added here needs a default, for those told before.
    transfer: TransferView | None = None
    evidence: Evidence | None = None
    callback: CallbackView | None = None
    call: CallView | None = None


class OfferView(Shape, frozen=True, kw_only=True):
    """One timed proposal of one handoff to one agent; `token` accepts or declines it."""

    id: str
    token: str
    offered_at: str
    expires_at: str
    handoff: OfferedHandoff


class Availability(Shape, frozen=True, kw_only=True):
    available: bool
    reason: str | None
    after_current: bool


class AgentView(Shape, frozen=True, kw_only=True):
    id: str
    name: str
    role: str
    availability: Availability
    capacity: int
    load: int
    is_trainee: bool = False


class QueueView(Shape, frozen=True, kw_only=True):
    key: str
    name: str
    waiting: int
    oldest_enqueued_at: str | None
    agents_available: int


class DestinationAgent(Shape, frozen=True, kw_only=True):
    id: str
    name: str
    available: bool
    queues: list[str]


class Destinations(Shape, frozen=True, kw_only=True):
    """Where an agent may pass a talk on to."""

    queues: list[QueueRef]
    agents: list[DestinationAgent]


class ChannelState(Shape, frozen=True, kw_only=True):
    channel: str
    state: Literal["open", "unstaffed", "closed", "full"]
    opens_at: str | UnsetType = UNSET
    estimate: Estimate | UnsetType = UNSET


class IntentView(Shape, frozen=True, kw_only=True):
    key: str
    label: str
    channels: list[ChannelState]


class DueCallback(Shape, frozen=True, kw_only=True):
    """A callback that waits for its time, or for its turn, as the console lists it."""

    id: str
    state: str
    customer: CustomerCard
    intent: IntentRef
    queue: QueueRef
    due_at: str | None
    callback: CallbackView
    # Who talked to this customer before, and would best call.
    agent: AgentRef | None


class DueCallbacks(Shape, frozen=True, kw_only=True):
    mine: list[DueCallback]
    team: list[DueCallback]


class CustomerSnapshot(Shape, frozen=True, kw_only=True):
    customer: CustomerCard
    handoff: CustomerHandoff | None
    scheduled: list[CustomerHandoff]
    recent: RecentHandoff | None
    timeline: list[TimelineEntry]
    receipt: Receipt | None


class AgentSnapshot(Shape, frozen=True, kw_only=True):
    agent: AgentView
    offers: list[OfferView]
    handoffs: list[DeskHandoff]
    queues: list[QueueView]
    drafts: list[DraftView] | UnsetType = UNSET
    # What a supervisor reads along; those in `joined`, by id, they write in too.
    watching: list[DeskHandoff] = []
    joined: list[str] = []
