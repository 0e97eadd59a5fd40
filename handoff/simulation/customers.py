"""A simulated customer: the site, the click, the line, the talk, and what they make of it afterwards."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from handoff.lib.clock import utc_now
from handoff.simulation import callers, record
from handoff.simulation.chance import Chance
from handoff.simulation.line import Frame, Line
from handoff.simulation.names import customer_name
from handoff.simulation.scripts import ANY, Script
from handoff.simulation.stage import Stage
from handoff.simulation.web import Refused, Web, sign

# What a site tells of most sign-ins, and how long ago they were.
_SIGN_INS: Final = ((["pwd"], "urn:bank:1"), (["pwd", "otp"], "urn:bank:2"))
_LINES_LIMIT: Final = 60
ENDED: Final = ("wrap_up", "closed")
# What is asked into a silence; then nothing, and they leave.
QUESTIONS: Final[tuple[str | None, ...]] = ("Hello? Are you still there?", None)
CLOSING_WORDS: Final = ("anything else", "all for today", "goodbye", "have a good")


class Customer:
    """One person with one need; `live` is their whole visit."""

    def __init__(self, stage: Stage, number: int) -> None:
        self.stage, self.ledger = stage, stage.ledger
        self.chance = Chance(stage.plan.seed, f"customer {number}")
        # The same person in every run of a seed, so that they have a past; what they do is new.
        self.subject = f"simulated-{stage.plan.seed}-{number}"
        self.key = f"{stage.run}-{number}"
        self.name = customer_name(number)
        self.web = Web(stage.plan, stage.ledger)
        self.token = ""
        self.handoff: Frame = {}
        self.script: Script
        self.heard: list[str] = []
        self._line: Line | None = None
        self._said = 0
        # They stand in line.
        self.has_asked = asyncio.Event()
        self._changed = asyncio.Event()
        self._spoken_to = asyncio.Event()

    async def live(self) -> str:
        """What came of it, in a word."""
        menu = await self._arrive()
        if not menu:
            return "found nothing open"
        intents = [one["key"] for one in menu]
        intent = self.chance.pick(menu, self.stage.library.weights(intents))
        self.script = self.stage.library.script_for(intent["key"])
        self._line = Line(
            self.stage.plan, self.ledger, "/ws/customer", self._ticket, on_snapshot=self._start, on_event=self._hear
        )
        await self._line.open()
        try:
            return await self._ask_for_help(intent)
        finally:
            await self._leave()

    @property
    def line(self) -> Line:
        assert self._line is not None  # noqa: S101
        return self._line

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """In their session. Raises Refused."""
        return await self.web.call(method, path, body, Authorization=f"Bearer {self.token}")

    # -- before the click

    async def _arrive(self) -> list[Frame]:
        """The intents of which at least one channel takes them now."""
        body: dict[str, Any] = {"site": self.stage.plan.signer.site}
        is_known = not self.chance.happens(self.stage.library.script_for(ANY).habits.unverified)
        if is_known or not self.stage.plan.signer.allows_unverified:
            body["identity_token"] = self._identity()
        session = await self.web.call("POST", "sessions", body)
        self.token = session["token"]
        wanted = self.stage.plan.intents
        return [one for one in session["intents"] if _can_chat(one) and (wanted is None or one["key"] in wanted)]

    def _identity(self) -> str:
        amr, acr = self.chance.pick(_SIGN_INS)
        signed_in_at = int(utc_now().timestamp()) - self.chance.number(30, 5400)
        return sign(self.stage.plan, self.subject, name=self.name, amr=amr, acr=acr, auth_time=signed_in_at)

    async def _ticket(self) -> str:
        return str((await self.call("POST", "sessions/ticket"))["ticket"])

    # -- the handoff

    async def _ask_for_help(self, intent: Frame) -> str:
        books = not self.stage.plan.is_chat_only and callers.can_book(intent)
        if books and self.chance.happens(self.script.habits.callback):
            return await callers.book_and_cancel(self, intent)
        asked = {
            "client_id": f"{self.key}-click",
            "intent": intent["key"],
            "channel": "chat",
            "statement": self.chance.pick(self.script.statements),
            "journey": {"steps": self.script.steps, "facts": self.script.facts},
        }
        try:
            self.handoff = await self.call("POST", "handoffs", asked)
        except Refused as refusal:
            return f"not taken: {refusal.code}"
        self.has_asked.set()
        if not await self._is_answered():
            return await self._give_up()
        await self._talk()
        return await self._finish()

    async def _is_answered(self) -> bool:
        """Wait in line, now and then with a look at the page, until somebody is there or patience is at its end."""
        begun = asyncio.get_running_loop().time()
        patience = self.chance.patience(self.script.habits.patience_seconds)
        if self.chance.happens(self.script.habits.reconnects):
            await self.stage.pause(self.chance.thought(5))
            await self.line.drop()
        deadline = begun + patience / self.stage.plan.speed
        while self.handoff["state"] in ("queued", "offered"):
            left = (deadline - asyncio.get_running_loop().time()) * self.stage.plan.speed
            self._changed.clear()
            if left <= 0 or not await self.stage.until(self._changed, left):
                return bool(self.handoff["state"] == "connected")
        self.ledger.waits.append((asyncio.get_running_loop().time() - begun) * self.stage.plan.speed)
        return True

    async def _give_up(self) -> str:
        if self.stage.is_closing.is_set():
            return await self._cancel("cancelled: the play ended")
        return await self._cancel("cancelled: out of patience")

    async def _cancel(self, outcome: str) -> str:
        try:
            await self.call("POST", f"handoffs/{self.handoff['id']}/cancel", {})
        except Refused as refusal:
            # Somebody took it in this very moment.
            if refusal.code != "illegal_transition":
                raise
            return await self._finish()
        return outcome

    # -- the talk

    async def _talk(self) -> None:
        for line in self.script.opening:
            await self._say(line)
        leaves_early = self.chance.happens(self.script.habits.leaves)
        drops = self.chance.happens(self.script.habits.reconnects)
        for _ in range(_LINES_LIMIT):
            heard = await self._next_line()
            if heard is None or leaves_early or self.is_over:
                return
            if drops:
                drops = False
                await self.line.drop()
            await self.stage.pause(self.chance.thought(self.script.habits.thought_seconds))
            if _is_last(heard):
                await self._say_goodbye()
                return
            await self._say(self.chance.pick(self.script.reply_to(heard)))

    async def _say_goodbye(self) -> None:
        """Most wait for the agent to end it; the others close the panel."""
        await self._say(self.chance.pick(self.script.closing))
        if self.chance.happens(self.script.habits.waits_for_the_end):
            await self._wait_for_the_end()

    async def _next_line(self) -> str | None:
        """What the agent says next; None if nothing comes, or the play ends."""
        for question in QUESTIONS:
            self._spoken_to.clear()
            if not self.heard and not self.is_over:
                await self.stage.until(self._spoken_to, self.script.habits.silence_seconds)
            if self.heard:
                said, self.heard = " ".join(self.heard), []
                return said
            if self.is_over or self.stage.is_closing.is_set() or question is None:
                return None
            await self._say(question)
        return None

    async def _wait_for_the_end(self) -> None:
        while not self.is_over and not self.stage.is_closing.is_set():
            self._changed.clear()
            if not await self.stage.until(self._changed, self.script.habits.silence_seconds):
                return

    async def _say(self, text: str) -> None:
        if self.is_over:
            return
        self._said += 1
        client_id = f"{self.key}-{self._said}"
        try:
            await self.line.send_message(self.handoff["id"], client_id, text)
        except Refused as refusal:
            if refusal.code != "handoff_closed":
                raise
        else:
            record.note(self.stage, self.handoff["id"], client_id)

    @property
    def is_over(self) -> bool:
        state: str = self.handoff["state"]
        return state in ENDED

    # -- afterwards

    async def _finish(self) -> str:
        outcome = "ended by the agent"
        if not self.is_over:
            outcome = "ended by the customer"
            try:
                await self.call("POST", f"handoffs/{self.handoff['id']}/end", {})
            except Refused as refusal:
                if refusal.code != "illegal_transition":
                    raise
        if self.chance.happens(self.script.habits.surveys):
            await self._rate()
        return outcome

    async def _rate(self) -> None:
        effort = self.chance.number(*self.script.habits.effort)
        try:
            await self.call("POST", f"handoffs/{self.handoff['id']}/survey", {"effort": effort})
        except Refused as refusal:
            if refusal.code not in ("illegal_transition", "handoff_closed"):
                raise
        else:
            self.ledger.surveys += 1

    async def _leave(self) -> None:
        """With a look at the whole record first: what was said is there once, and this page has seen all of it."""
        try:
            if self.handoff:
                await record.check(self.stage, self.line, self.handoff["id"], self.call)
            await self.web.call("DELETE", "sessions", Authorization=f"Bearer {self.token}")
        finally:
            await self.line.close()

    # -- what the socket brings

    def _start(self, snapshot: Frame) -> None:
        shown = snapshot["handoff"]
        if shown is not None and self.handoff.get("id") in (None, shown["id"]):
            self._become(shown["state"])

    def _hear(self, frame: Frame) -> None:
        if self.handoff and frame["stream"] != f"handoff/{self.handoff['id']}":
            return
        if frame["type"] == "handoff.changed":
            self._become(frame["data"]["state"])
        elif frame["type"] == "message.posted" and frame["data"]["author"]["kind"] == "agent":
            self.heard.append(frame["data"]["text"])
            self._spoken_to.set()

    def _become(self, state: str) -> None:
        if not self.handoff:
            return
        self.handoff["state"] = state
        self._changed.set()
        if self.is_over:
            self._spoken_to.set()


def _is_last(heard: str) -> bool:
    return any(words in heard.lower() for words in CLOSING_WORDS)


def _can_chat(intent: Frame) -> bool:
    return any(one["channel"] == "chat" and one["state"] in ("open", "unstaffed") for one in intent["channels"])
