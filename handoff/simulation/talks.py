"""One talk at a simulated agent's desk, from the greeting to the wrap-up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final

from handoff.simulation import record
from handoff.simulation.line import Frame
from handoff.simulation.web import Refused

if TYPE_CHECKING:
    from handoff.simulation.agents import Agent


# What another's move has made pointless, in the moment between two people.
OVERTAKEN: Final = frozenset({"offer_gone", "handoff_closed", "illegal_transition", "stale_version", "not_found"})


class Talk:
    """By the script of its intent; a line is said when the customer has answered the one before, or is silent."""

    def __init__(self, agent: Agent, handoff: Frame) -> None:
        self.agent, self.stage, self.script, self.chance = agent, agent.stage, agent.script, agent.chance
        self.id: str = handoff["id"]
        self.standing: str = handoff["state"]
        self._handoff = handoff
        self._is_lost = False
        self._news = asyncio.Event()

    def hear(self, frame: Frame) -> None:
        if frame["type"] == "handoff.changed":
            self.standing = frame["data"]["state"]
            self._news.set()
        elif frame["type"] == "message.posted" and frame["data"]["author"]["kind"] == "customer":
            self._news.set()

    def lose(self) -> None:
        """It is not on this desk any more."""
        self._is_lost = True
        self._news.set()

    async def hold(self) -> None:
        """Raises Refused."""
        if await self._is_overtaken(self._pass_on()):
            return
        await self._is_overtaken(self._converse())
        if not self._is_lost:
            await self._is_overtaken(self._wrap_up())

    async def _converse(self) -> None:
        for line in self._lines():
            if not self._goes_on():
                return
            await self._say(line)
            if self.chance.happens(self.script.note / 4):
                await self._note()
            await self._listen()
        if self._goes_on():
            await self.agent.line.command("handoff.end", handoff=self.id)

    async def _is_overtaken(self, work: Coroutine[Any, Any, bool | None]) -> bool:
        """What the work answers; nothing, where the other side's move was quicker. Raises Refused for all else."""
        try:
            return bool(await work)
        except Refused as refusal:
            if refusal.code not in OVERTAKEN:
                raise
            return False

    def _lines(self) -> list[str]:
        lines = self.script.lines_for(self._handoff["intent"]["key"])
        return [self.chance.pick(self.script.greetings), *lines, self.chance.pick(self.script.closing)]

    def _goes_on(self) -> bool:
        return self.standing == "connected" and not self._is_lost and not self.stage.is_over.is_set()

    async def _say(self, text: str) -> None:
        self._news.clear()
        client_id = await self.agent.say(self.id, text)
        record.note(self.stage, self.id, client_id)

    async def _listen(self) -> None:
        """Until the customer has said something, and a moment to read it."""
        if await self.stage.until(self._news, self.script.patience_seconds):
            await self.stage.pause(self.chance.thought(self.script.thought_seconds))

    async def _note(self) -> None:
        self.agent.key_count += 1
        client_id = f"{self.agent.key}-n{self.agent.key_count}"
        text = self.chance.pick(self.script.notes)
        await self.agent.line.command("note.add", handoff=self.id, text=text, client_id=client_id)

    async def _pass_on(self) -> bool:
        """Back into the line, for somebody else; never twice, or it would go round for ever."""
        was_passed = any(entry["type"] == "transfer.recorded" for entry in self._handoff["timeline"])
        if was_passed or self.stage.is_closing.is_set() or not self.chance.happens(self.script.transfer):
            return False
        await self.stage.pause(self.chance.thought(self.script.thought_seconds))
        note = self.chance.pick(self.script.transfer_notes)
        queue = self._handoff["queue"]["key"]
        await self.agent.line.command("handoff.transfer", handoff=self.id, queue=queue, note=note)
        self.agent.ledger.transfers += 1
        return True

    async def _wrap_up(self) -> None:
        await self.stage.pause(self.chance.thought(self.script.wrap_up_seconds))
        outcomes = self._handoff["dispositions"]
        weights = [4.0] + [1.0] * (len(outcomes) - 1)
        await self.agent.line.command(
            "handoff.wrap_up",
            handoff=self.id,
            disposition=self.chance.pick(outcomes, weights),
            note=self.chance.pick(self.script.wrap_up_notes),
        )
