"""One call at Asterisk, as it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from handoff.telephony.base import CallEvent, Kind, Order

NAME: Final = "asterisk"
# How what we create is named after its call.
CUSTOMER: Final = "-customer"
BRIDGE: Final = "-bridge"


@dataclass(frozen=True)
class Prompts:
    """What is played, as ARI media: `sound:` and a file without its ending, or `tone:`."""

    ask: str = "sound:handoff/code"
    ask_again: str = "sound:handoff/code-again"
    press_one: str = "sound:handoff/press-one"
    goodbye: str = "sound:handoff/goodbye"


@dataclass
class Call:
    """One customer's call, and the agent's leg of it. `channel` is the customer's, "" until they are dialled."""

    call_id: str
    channel: str = ""
    agent: str = ""
    reference: str = ""
    caller: str = ""
    called: str = ""
    order: Order | None = None
    customer_endpoint: str = ""
    asks_press: bool = False
    is_up: bool = False
    is_bridged: bool = False
    is_ending: bool = False
    # Digits still to come, those that came, and until when the next is waited for.
    wanted: int = 0
    keyed: str = ""
    asked_at: str = ""
    until: float = 0.0
    press_until: float = 0.0
    prompt: str = ""
    # Which Asterisk it is at, by its own name for itself.
    home: str = ""
    told: set[str] = field(default_factory=set)

    @property
    def bridge(self) -> str:
        return f"{self.call_id}{BRIDGE}"

    @property
    def is_ours(self) -> bool:
        """We dialled, agent first."""
        return self.order is not None

    def event(self, kind: Kind, *, at: str = "", digits: str = "") -> CallEvent:
        once = self.reference if kind in (Kind.AGENT_RINGING, Kind.BRIDGED, Kind.QUEUED) else ""
        is_first = kind is Kind.RINGING
        return CallEvent(
            provider=NAME,
            event_id=":".join(part for part in (self.call_id, kind.value, once, at) if part),
            call_id=self.call_id,
            kind=kind,
            caller=self.caller if is_first else "",
            called=self.called if is_first else "",
            digits=digits,
            reference=self.reference,
        )
