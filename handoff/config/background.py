"""What a serving process does beside answering: revocation, presence, healing, and what everybody sees change."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, connection

from agent_console.permissions import live_grants
from agent_console.snapshot import queue_keys
from handoff.config import presence
from handoff.config.watching import end_watches
from handoff.conversations.batch import batcher
from handoff.conversations.lane import LoopLane
from handoff.identity.actions import sign_of_life_seconds
from handoff.identity.queries import live_session_ids
from handoff.realtime import log, streams
from handoff.realtime.beats import BEAT_SECONDS, note_serving, process_name
from handoff.realtime.bridge import RedisBridge
from handoff.realtime.clock import database_now
from handoff.realtime.delivery import hub
from handoff.realtime.roster import roster
from handoff.realtime.socket import Outlet
from handoff.realtime.threads import in_database
from handoff.routing import queries as routing
from handoff.staffing import presence as staffing
from handoff.staffing.models import Agent

logger = logging.getLogger(__name__)

BOARD_SECONDS: Final = 2
PLACE_SECONDS: Final = 5
# While hints are known to be lost, sockets are healed more often.
DEAF_POLL_SECONDS: Final = 3


class Background:
    """Started once a process, on the loop that serves its sockets."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._bridge: RedisBridge | None = None
        self._hints_changed = asyncio.Event()
        self._places: dict[Outlet, tuple[float, Any]] = {}
        self._boards: dict[Outlet, list[dict[str, Any]]] = {}

    def ensure_started(self) -> None:
        """Idempotent; call from the loop."""
        if self._tasks:
            return
        loop = asyncio.get_running_loop()
        hub.attach(loop)
        if settings.REDIS_URL:
            self._bridge = hub.bridge = RedisBridge(settings.REDIS_URL, hub, on_change=self._hints_changed.set)
            self._tasks.append(loop.create_task(self._bridge.run()))
        if connection.vendor == "postgresql":
            batcher.lane = lane = LoopLane(batcher)
            self._tasks.append(loop.create_task(lane.run()))
        jobs: list[tuple[Callable[[], float], Callable[[], Awaitable[None]]]] = [
            (lambda: BEAT_SECONDS, _beat),
            (lambda: settings.HANDOFF_SECONDS["REVOCATION"], self._revoke),
            (sign_of_life_seconds, presence.note_customers),
            (staffing.sign_of_life_seconds, presence.note_agents),
            (lambda: presence.LOOK_SECONDS, presence.show_presence),
            (lambda: BOARD_SECONDS, self._show_lines),
        ]
        self._tasks += [loop.create_task(self._repeat(seconds, job)) for seconds, job in jobs]
        # What was told while Redis was away is read at once, when it falls and when it is back.
        self._tasks.append(loop.create_task(self._repeat(self._poll_seconds, self._heal, sooner=self._hints_changed)))

    def can_deliver(self) -> bool:
        return self._bridge is None or self._bridge.is_connected

    def stop(self) -> None:
        batcher.lane = None
        for task in self._tasks:
            task.cancel()

    def _poll_seconds(self) -> float:
        deaf = self._bridge is not None and not self._bridge.is_connected
        return min(DEAF_POLL_SECONDS, settings.HANDOFF_SECONDS["POLL"]) if deaf else settings.HANDOFF_SECONDS["POLL"]

    async def _repeat(
        self, seconds: Callable[[], float], job: Callable[[], Awaitable[None]], *, sooner: asyncio.Event | None = None
    ) -> None:
        while True:
            try:
                await job()
            except DatabaseError:
                logger.warning("%s has to wait for the database", job.__name__, exc_info=True)
            except Exception:
                logger.exception("%s failed", job.__name__)
            await _pause(seconds(), sooner or asyncio.Event())

    async def _revoke(self) -> None:
        """One query a kind for the whole process: whose session or sign-in has ended."""
        grants = roster.grants()
        if grants:
            live = await in_database(_live_grants, set(grants))
            roster.revoke(lambda grant: grant in grants and grant not in live)
        await end_watches()

    async def _heal(self) -> None:
        """One batched look at the counters: a reader whose last hint was lost reads on."""
        outlets = roster.outlets()
        names = {stream for outlet in outlets for stream in outlet.cursors}
        if names:
            heads = await in_database(log.heads_of, names)
            for outlet in outlets:
                outlet.check(heads)

    async def _show_lines(self) -> None:
        await self._show_places()
        await self._show_boards()

    async def _show_places(self) -> None:
        """Their place in line to those who wait: on change, and at most every few seconds."""
        listeners: dict[str, list[Outlet]] = {}
        for outlet in roster.outlets("customer"):
            for stream in outlet.cursors:
                if handoff_id := streams.handoff_id_of(stream):
                    listeners.setdefault(handoff_id, []).append(outlet)
        standings = await in_database(routing.standings_of, set(listeners)) if listeners else {}
        now = asyncio.get_running_loop().time()
        for handoff_id, standing in standings.items():
            for outlet in listeners[handoff_id]:
                self._show_place(outlet, handoff_id, standing, now)
        self._places = {
            outlet: told
            for outlet, told in self._places.items()
            if outlet.closing is None and not outlet.closed.is_set()
        }

    def _show_place(self, outlet: Outlet, handoff_id: str, standing: routing.Standing, now: float) -> None:
        told_at, told = self._places.get(outlet, (0.0, None))
        if told != (handoff_id, standing) and now - told_at >= PLACE_SECONDS:
            self._places[outlet] = (now, (handoff_id, standing))
            shown = standing.place if standing.place <= 100 else "100+"
            estimate = standing.estimate.to_wire()
            outlet.show({"ev": "queue", "handoff": handoff_id, "position": shown, "estimate": estimate})

    async def _show_boards(self) -> None:
        outlets = roster.outlets("agent")
        if not outlets:
            self._boards.clear()
            return
        everyone = zip(outlets, roster.identities("agent"), strict=True)
        # A socket follows nothing before its welcome, which comes first.
        agents = {outlet: agent for outlet, agent in everyone if outlet.cursors}
        boards = await in_database(_boards_of, set(agents.values()))
        shown: dict[Outlet, list[dict[str, Any]]] = {}
        for outlet, agent in agents.items():
            shown[outlet] = boards[agent.pk]
            if self._boards.get(outlet) != boards[agent.pk]:
                outlet.show({"ev": "board", "queues": boards[agent.pk]})
        self._boards = shown


async def _beat() -> None:
    await in_database(lambda: note_serving(process_name(), now=database_now()))


async def _pause(seconds: float, sooner: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await sooner.wait()
    sooner.clear()


def _live_grants(grants: set[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    sessions = {grant[1] for grant in grants if grant[0] == "session"}
    live = live_session_ids(sessions, now=database_now()) if sessions else set()
    return {("session", pk) for pk in live} | live_grants(grants)


def _boards_of(agents: set[Agent]) -> dict[int, list[dict[str, Any]]]:
    now = database_now()
    boards: dict[int, list[dict[str, Any]]] = {}
    # Whose training begins or ends while the socket is open sees the other board at the next start.
    for is_trainee in {agent.is_trainee for agent in agents}:
        every = {view.key: view.to_wire() for view in routing.board(None, now=now, is_simulated=is_trainee)}
        for agent in agents:
            if agent.is_trainee == is_trainee:
                boards[agent.pk] = [every[key] for key in sorted(queue_keys(agent)) if key in every]
    return boards


background = Background()
