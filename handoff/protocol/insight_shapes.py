"""What a supervisor reads over HTTP: the wallboard, the floor, the live list, and what was found."""

from __future__ import annotations

from typing import Literal

from handoff.protocol import shapes
from handoff.protocol.shape import Shape

AgentCondition = Literal["available", "away", "offered", "talking", "wrap_up", "disconnected"]


class Definition(Shape, frozen=True, kw_only=True):
    key: str
    label: str
    text: str


class Figures(Shape, frozen=True, kw_only=True):
    """Shares are 0 to 1; null where nothing was counted."""

    offered: int
    answered: int
    abandoned: int
    abandoned_short: int
    callbacks: int
    service_level: float | None
    asa_seconds: float | None
    aht_seconds: float | None
    abandonment: float | None
    occupancy: float | None
    transfer_rate: float | None
    reask_rate: float | None
    context_delivered: float | None
    effort: float | None
    efforts: int
    promises_kept: float | None
    promised_seconds: float | None
    actual_seconds: float | None
    deflected: int


class LineNow(Shape, frozen=True, kw_only=True):
    waiting: int
    oldest_enqueued_at: str | None
    available: int
    talking: int
    away: int


class QueueFigures(Shape, frozen=True, kw_only=True):
    key: str
    name: str
    service_level_seconds: int
    now: LineNow
    today: Figures
    last_hour: Figures


class HalfHour(Shape, frozen=True, kw_only=True):
    """`agents` and `away` are how many there were on average."""

    at: str
    arrivals: int
    answered: int
    left: int
    wait_seconds: float | None
    promised_seconds: float | None
    aht_seconds: float | None
    agents: float
    away: float


class Wallboard(Shape, frozen=True, kw_only=True):
    at: str
    zone: str
    since: str
    now: LineNow
    today: Figures
    last_hour: Figures
    queues: list[QueueFigures]
    half_hours: list[HalfHour]
    definitions: list[Definition]


class FloorAgent(Shape, frozen=True, kw_only=True):
    """`since` is when the condition began, where it is known; `reason` why somebody is away."""

    id: str
    name: str
    condition: AgentCondition
    reason: str | None
    by_system: bool
    since: str | None
    load: int
    capacity: int
    wrap_ups: int
    trainee: bool
    queues: list[str]


class Floor(Shape, frozen=True, kw_only=True):
    at: str
    agents: list[FloorAgent]


class LiveHandoff(Shape, frozen=True, kw_only=True):
    id: str
    state: str
    version: int
    channel: str
    intent: shapes.IntentRef
    queue: shapes.QueueRef
    site: shapes.SiteRef
    customer: shapes.CustomerCard
    agent: shapes.AgentRef | None
    enqueued_at: str | None
    connected_at: str | None
    ended_at: str | None
    simulated: bool


class Live(Shape, frozen=True, kw_only=True):
    at: str
    handoffs: list[LiveHandoff]


class FoundHandoff(Shape, frozen=True, kw_only=True):
    id: str
    closed_at: str
    opened_at: str
    channel: str
    intent: shapes.IntentRef
    queue: shapes.QueueRef
    customer: shapes.CustomerCard
    agent: shapes.AgentRef | None
    disposition: str | None
    close_reason: str | None


class Found(Shape, frozen=True, kw_only=True):
    """`next` asks for the page after this one."""

    handoffs: list[FoundHandoff]
    next: str | None
