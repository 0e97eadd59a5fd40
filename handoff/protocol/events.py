"""Facts in the past tense: every event that the log may hold, with the shape of its data."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import msgspec
from msgspec import UNSET, UnsetType

from handoff.protocol import shapes
from handoff.protocol.attachment_shapes import AttachmentView
from handoff.protocol.shapes import Author, FactKey, IntentRef, Named


class Event(shapes.Shape, frozen=True, kw_only=True):
    """Base of all events; `TYPE` is the name on the wire, the fields are its data."""

    TYPE: ClassVar[str]


# -- handoff/<id>: the customer and the agent who owns it


class HandoffChanged(Event, frozen=True, kw_only=True):
    TYPE = "handoff.changed"
    state: str
    version: int
    channel: str
    intent: IntentRef
    agent: Named | None
    close_reason: str | None
    enqueued_at: str | None
    # The move that took it from its agent, so that its customer learns why.
    reason: str | UnsetType = UNSET


class MessagePosted(Event, frozen=True, kw_only=True):
    TYPE = "message.posted"
    id: str
    author: Author
    text: str
    client_id: str
    original_at: str | UnsetType = UNSET
    # Absent when there are none; the text may be empty when there are.
    attachments: list[AttachmentView] | UnsetType = UNSET


class JourneyRecorded(Event, frozen=True, kw_only=True):
    TYPE = "journey.recorded"
    steps: list[shapes.Step]


class FactsChanged(Event, frozen=True, kw_only=True):
    TYPE = "facts.changed"
    added: list[shapes.Fact]
    struck: list[FactKey]


class IdentityChanged(Event, frozen=True, kw_only=True):
    TYPE = "identity.changed"
    verified: bool
    assurance: shapes.Assurance | None
    name: str | None


class CallbackChanged(Event, frozen=True, kw_only=True):
    """The call we owe, as it stands now; null once nothing is owed."""

    TYPE = "callback.changed"
    callback: shapes.CallbackView | None


class CallChanged(Event, frozen=True, kw_only=True):
    """The call, as it stands now; null once there is none. A code is never in an event: it is read from the handoff."""

    TYPE = "call.changed"
    call: shapes.CallView | None


class VerificationChanged(Event, frozen=True, kw_only=True):
    """Base of the two that tell of a request, each with all of it as it stands now."""

    acr_values: list[str]
    max_age: int | None
    action: shapes.AskedFor | None
    at: str
    by: shapes.AskedBy
    expires_at: str
    status: shapes.VerificationStatus
    lacks: shapes.Lack | None
    answered_at: str | None

    @classmethod
    def of(cls, view: shapes.VerificationView) -> VerificationChanged:
        return cls(**msgspec.structs.asdict(view))


class VerificationRequested(VerificationChanged, frozen=True, kw_only=True):
    """The agent asks the customer to confirm who they are."""

    TYPE = "verification.requested"


class VerificationAnswered(VerificationChanged, frozen=True, kw_only=True):
    """Confirmed, not now, or tried with a sign-in that lacks something: then it is still `asked`."""

    TYPE = "verification.answered"


class SurveyAnswered(Event, frozen=True, kw_only=True):
    TYPE = "survey.answered"
    effort: int
    comment: str | None


class AgentJoined(Event, frozen=True, kw_only=True):
    """Somebody beside the agent writes here too."""

    TYPE = "agent.joined"
    agent: Named


class AgentLeft(Event, frozen=True, kw_only=True):
    TYPE = "agent.left"
    agent: Named


class Erased(Event, frozen=True, kw_only=True):
    TYPE = "erased"


# -- handoff/<id>/desk: agents only


class OfferRecorded(Event, frozen=True, kw_only=True):
    TYPE = "offer.recorded"
    agent: shapes.AgentRef
    status: shapes.OfferStatus


class NoteAdded(Event, frozen=True, kw_only=True):
    TYPE = "note.added"
    id: str
    author: shapes.AgentRef
    text: str
    client_id: str | None
    # A supervisor's word to the agent.
    whisper: bool | UnsetType = UNSET


class WrapUpRecorded(Event, frozen=True, kw_only=True):
    TYPE = "wrap_up.recorded"
    agent: shapes.AgentRef
    disposition: str
    note: str | None


class TransferRecorded(Event, frozen=True, kw_only=True):
    """One agent passed the handoff on; exactly one of `queue` and `to_agent` says where it was meant to go."""

    TYPE = "transfer.recorded"
    agent: shapes.AgentRef
    queue: shapes.QueueRef | None
    to_agent: shapes.AgentRef | None
    note: str


class SupervisionRecorded(Event, frozen=True, kw_only=True):
    """What a supervisor did here; `to` names the agent or the queue of a `reassigned`."""

    TYPE = "supervision.recorded"
    agent: shapes.AgentRef
    act: shapes.SupervisionAct
    to: str | None = None


class BriefingChanged(Event, frozen=True, kw_only=True):
    TYPE = "briefing.changed"
    brief: str
    verdicts: list[shapes.Verdict]
    customer: shapes.CustomerCard
    evidence: shapes.Evidence | None = None


# -- agent/<id>: that agent alone


class OfferMade(Event, frozen=True, kw_only=True):
    """Its data is the offer itself."""

    TYPE = "offer.made"
    id: str
    token: str
    offered_at: str
    expires_at: str
    handoff: shapes.OfferedHandoff


class OfferEnded(Event, frozen=True, kw_only=True):
    TYPE = "offer.ended"
    id: str
    status: shapes.OfferStatus


class AvailabilityChanged(Event, frozen=True, kw_only=True):
    TYPE = "availability.changed"
    available: bool
    reason: str | None
    after_current: bool


class HandoffAssigned(Event, frozen=True, kw_only=True):
    """Its data is the handoff at the desk, with the heads where live starts."""

    TYPE = "handoff.assigned"
    handoff: shapes.DeskHandoff

    def to_wire(self) -> dict[str, Any]:
        return self.handoff.to_wire()


class HandoffUnassigned(Event, frozen=True, kw_only=True):
    TYPE = "handoff.unassigned"
    id: str
    reason: str


class HandoffWatched(Event, frozen=True, kw_only=True):
    """A supervisor reads along from here: the handoff at the desk, and the heads where live starts."""

    TYPE = "handoff.watched"
    handoff: shapes.DeskHandoff
    joined: bool
    heads: dict[str, int]


class HandoffUnwatched(Event, frozen=True, kw_only=True):
    TYPE = "handoff.unwatched"
    id: str
    reason: str


# -- customer/<id>: that customer


class HandoffOpened(Event, frozen=True, kw_only=True):
    TYPE = "handoff.opened"
    handoff: shapes.CustomerHandoff
    heads: dict[str, int]
    receipt: shapes.Receipt


class SessionChanged(Event, frozen=True, kw_only=True):
    TYPE = "session.changed"


HANDOFF_EVENTS: Final = (
    HandoffChanged,
    MessagePosted,
    JourneyRecorded,
    FactsChanged,
    IdentityChanged,
    CallbackChanged,
    CallChanged,
    VerificationRequested,
    VerificationAnswered,
    SurveyAnswered,
    AgentJoined,
    AgentLeft,
    Erased,
)
DESK_EVENTS: Final = (OfferRecorded, NoteAdded, WrapUpRecorded, TransferRecorded, BriefingChanged, SupervisionRecorded)
AGENT_EVENTS: Final = (
    OfferMade,
    OfferEnded,
    AvailabilityChanged,
    HandoffAssigned,
    HandoffUnassigned,
    HandoffWatched,
    HandoffUnwatched,
)
CUSTOMER_EVENTS: Final = (HandoffOpened, SessionChanged)

AUDIENCES: Final[dict[str, tuple[type[Event], ...]]] = {
    "handoff/<id>": HANDOFF_EVENTS,
    "handoff/<id>/desk": DESK_EVENTS,
    "agent/<id>": AGENT_EVENTS,
    "customer/<id>": CUSTOMER_EVENTS,
}
REGISTRY: Final[dict[str, type[Event]]] = {event.TYPE: event for group in AUDIENCES.values() for event in group}

# Those whose reader gains streams by reading them.
STREAM_OPENING: Final = frozenset({HandoffAssigned.TYPE, HandoffOpened.TYPE, HandoffWatched.TYPE})

_encoder = msgspec.json.Encoder()


def encode_frame(*, stream: str, seq: int, at: str, type: str, data: Any) -> bytes:
    """The event frame as it goes to every reader of `stream`; `data` may be encoded already (`msgspec.Raw`)."""
    frame = {"ev": "event", "stream": stream, "seq": seq, "at": at, "type": type, "data": data}
    return _encoder.encode(frame)
