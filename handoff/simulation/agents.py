"""A simulated agent: signs in, takes what is offered, talks by the script, wraps up, and has a break now and then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Final

from handoff.simulation.chance import Chance
from handoff.simulation.line import Frame, Line
from handoff.simulation.stage import Account, Stage
from handoff.simulation.talks import OVERTAKEN, Talk
from handoff.simulation.web import Refused, Web

CLEAR_SECONDS: Final = 10.0


class Agent:
    """One desk; `work` lasts until the play has ended and nothing is left on it."""

    def __init__(self, stage: Stage, account: Account, number: int) -> None:
        self.stage, self.ledger, self.account = stage, stage.ledger, account
        self.chance = Chance(stage.plan.seed, f"agent {number}")
        self.script = stage.library.agents
        self.web = Web(stage.plan, stage.ledger)
        self.key = f"{stage.run}-a{number}"
        self.talks: dict[str, Talk] = {}
        self.is_there = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._said = 0
        self.key_count = 0
        self._is_away = False
        self.line = Line(
            stage.plan, stage.ledger, "/ws/agent", self._ticket, on_snapshot=self._start, on_event=self._hear
        )

    async def work(self) -> None:
        await self.web.sign_in(self.account.username, self.account.password)
        await self.line.open()
        try:
            await self.set_available(True)
            self.is_there.set()
            await self.stage.is_over.wait()
            await self.set_available(False, reason="the simulation has ended")
            while self._tasks:
                await asyncio.wait(self._tasks)
            await self._is_clear()
        finally:
            await self._stop()

    async def set_available(self, available: bool, *, reason: str | None = None) -> None:
        await self.line.command("availability.set", available=available, reason=reason)

    async def say(self, handoff_id: str, text: str) -> str:
        """Answers its client id. Raises Refused."""
        self._said += 1
        client_id = f"{self.key}-{self._said}"
        await self.line.send_message(handoff_id, client_id, text)
        return client_id

    async def have_a_break(self) -> None:
        """Away with a reason, for as long as it takes; what is on the desk is finished meanwhile."""
        if self._is_away or self.stage.is_closing.is_set():
            return
        self._is_away = True
        await self.set_available(False, reason=self.chance.pick(self.script.breaks))
        await self.stage.pause(self.chance.thought(self.script.break_seconds))
        self._is_away = False
        if not self.stage.is_closing.is_set():
            await self.set_available(True)

    async def _ticket(self) -> str:
        token = self.web.cookie("csrftoken")
        return str((await self.web.call("POST", "desk/ticket", **{"X-CSRFToken": token}))["ticket"])

    async def _is_clear(self) -> None:
        """A desk is clear when the server says so, with the event that takes the last talk from it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLEAR_SECONDS):
                while self.talks:
                    self.line.news.clear()
                    await self.line.news.wait()

    async def _stop(self) -> None:
        self.ledger.left_open += len(self.talks)
        for task in self._tasks:
            task.cancel()
        await self.line.close()

    def _start(self, snapshot: Frame) -> None:
        """As the desk is told it is: what was missed meanwhile is not there any more, or there anew."""
        there = {one["id"]: one for one in snapshot["handoffs"]}
        for gone in self.talks.keys() - there.keys():
            self.talks.pop(gone).lose()
        for one in there.values():
            self._take_over(one)
        for offer in snapshot["offers"]:
            self._spawn(self._answer(offer))

    def _hear(self, frame: Frame) -> None:
        data = frame["data"]
        match frame["type"]:
            case "offer.made":
                self._spawn(self._answer(data))
            case "handoff.assigned":
                self._take_over(data)
            case "handoff.unassigned":
                if (talk := self.talks.pop(data["id"], None)) is not None:
                    talk.lose()
            case _:
                if (talk := self.talks.get(frame["stream"].removeprefix("handoff/"))) is not None:
                    talk.hear(frame)

    def _take_over(self, handoff: Frame) -> None:
        if handoff["id"] not in self.talks:
            talk = self.talks[handoff["id"]] = Talk(self, handoff)
            self._spawn(self._see_through(talk))

    async def _see_through(self, talk: Talk) -> None:
        await talk.hold()
        if self.chance.happens(self.script.break_after):
            await self.have_a_break()

    async def _answer(self, offer: Frame) -> None:
        await self.stage.pause(self.chance.thought(self.script.answer_seconds))
        which = {"offer": offer["id"], "token": offer["token"]}
        try:
            if self.stage.is_over.is_set() or self.chance.happens(self.script.decline):
                await self.line.command("offer.decline", **which, reason="in the middle of something")
            else:
                await self.line.command("offer.accept", **which)
        except Refused as refusal:
            if refusal.code not in OVERTAKEN:
                raise

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.ledger.crashes.append(f"agent {self.account.username}: {error!r}")
