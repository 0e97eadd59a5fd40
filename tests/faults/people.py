"""Customers and agents as the public contract knows them."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import uuid
from collections.abc import Callable
from typing import Any

from tests.faults.desk import SignedIn
from tests.faults.history import History
from tests.faults.person import Manners, Person, Place, Said
from tests.faults.slim import slim
from tests.faults.wire import Answer, Frame, Network, Unreachable, request

__all__ = ["Agent", "Customer", "Manners", "Person", "Said"]


class Customer(Person):
    """A verified customer with one tab."""

    role = "customer"

    def __init__(self, name: str, place: Place, network: Network, history: History, manners: Manners | None = None):
        super().__init__(name, place, network, history, manners)
        self.session = ""
        self.id = ""
        self.handoff: str | None = None
        self.connected = asyncio.Event()
        self.state: str | None = None

    def origin(self) -> str:
        return self.place.site_origin

    async def call(self, method: str, path: str, body: Any = None, *, port: int | None = None) -> Answer:
        """One HTTP request. Raises Unreachable."""
        headers = {"Origin": self.origin()} | ({"Authorization": f"Bearer {self.session}"} if self.session else {})
        answer = await request(port or self.network.pick(), method, f"/api/v1/{path}", headers=headers, body=body)
        self.note_answer(method, path, answer)
        return answer

    async def insist(self, method: str, path: str, body: Any = None, *, seconds: float = 60) -> Answer:
        """The same, again and again until somebody answers with anything but 5xx."""
        async with asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(Unreachable):
                    answer = await self.call(method, path, body)
                    if answer.status < 500:
                        return answer
                await asyncio.sleep(0.2)

    async def arrive(self, **claims: Any) -> None:
        """Sign in at the site and open a session with its token."""
        while not self.session:
            body = {"site": "harbour", "identity_token": self.place.sign(self.name, **claims)}
            answer = await self.insist("POST", "sessions", body)
            if answer.status in (200, 201):
                self.session, self.id = answer.body["token"], answer.body["customer"]["id"]
            else:
                # A token opens one session: the one before may have been opened by an answer that was lost.
                assert answer.code == "token_replayed", answer

    async def click(self, intent: str = "dispute-charge", **fields: Any) -> str:
        """The start button."""
        body = {"client_id": str(uuid.uuid4()), "intent": intent, "channel": "chat"} | fields
        answer = await self.insist("POST", "handoffs", body)
        assert answer.status in (200, 201), answer
        self.handoff = str(answer.body["id"])
        self.history.add(
            self.name, "clicked", handoff=self.handoff, intent=intent, enqueued_at=answer.body["enqueued_at"]
        )
        self.state = answer.body["state"]
        return self.handoff

    async def ticket(self, port: int) -> str:
        answer = await self.call("POST", "sessions/ticket", port=port)
        if answer.status != 200:
            raise Unreachable(f"no ticket: {answer}")
        return str(answer.body["ticket"])

    async def on_welcome(self, snapshot: Frame) -> None:
        if snapshot["handoff"] is not None:
            self._note_state(snapshot["handoff"]["state"])

    def on_event(self, event: Frame) -> None:
        if event["type"] == "handoff.changed":
            self._note_state(event["data"]["state"])

    def _note_state(self, state: str) -> None:
        self.state = state
        if state == "connected":
            self.connected.set()
        else:
            self.connected.clear()

    async def resend_elsewhere(self, said: Said) -> bool:
        port = self.network.pick(avoid=self.socket.port if self.socket else None)
        self._note_attempt(said, via="http", port=port)
        with contextlib.suppress(Unreachable):
            answer = await self.post_message(said, port)
            result = answer.body if answer.status in (200, 201) else None
            self._settle(said.client_id, result, answer.code or str(answer.status), via="http")
        return True

    async def post_message(self, said: Said, port: int) -> Answer:
        body = {"client_id": said.client_id, "text": said.text}
        return await self.call("POST", f"handoffs/{said.handoff}/messages", body, port=port)

    async def read_log(self, handoff: str | None = None) -> dict[str, int]:
        """The whole stream through the API, written down as `final`; answers its head."""
        handoff = handoff or self.handoff
        entries: list[Frame] = []
        head = 1
        while (after := entries[-1]["seq"] if entries else 0) < head:
            answer = await self.insist("GET", f"handoffs/{handoff}/events?after={after}")
            assert answer.status == 200, answer
            head = answer.body["head"]
            if not answer.body["events"]:
                break
            entries += answer.body["events"]
        stream = f"handoff/{handoff}"
        told = [[one["seq"], one["at"], one["type"], slim(one["type"], one["data"])] for one in entries]
        self.history.add(self.name, "final", stream=stream, head=head, entries=told)
        return {stream: head}


class Agent(Person):
    """An agent with a signed-in browser; `decide` answers accept, decline or nothing for each offer."""

    role = "agent"

    def __init__(
        self, signed_in: SignedIn, place: Place, network: Network, history: History, manners: Manners | None = None
    ) -> None:
        super().__init__(signed_in.username, place, network, history, manners)
        self.id, self._cookie = signed_in.id, signed_in.cookie
        # What it wants, and what the service last said of it.
        self.available, self.at_work = True, False
        self.decide: Callable[[Frame], str | None] = lambda offer: "accept"
        self.owned: dict[str, Frame] = {}
        self.offers: dict[str, Frame] = {}

    def origin(self) -> str:
        return self.place.public_origin

    async def call(self, method: str, path: str, *, port: int | None = None) -> Answer:
        """One HTTP request of the console. Raises Unreachable."""
        token = secrets.token_hex(16)
        prefix = "__Host-" if self.origin().startswith("https://") else ""
        headers = {
            "Origin": self.origin(), "Referer": f"{self.origin()}/", "X-CSRFToken": token,
            "Cookie": f"{prefix}handoff_sessionid={self._cookie}; {prefix}handoff_csrftoken={token}",
        }  # fmt: skip
        answer = await request(port or self.network.pick(), method, f"/api/v1/{path}", headers=headers)
        self.note_answer(method, path, answer)
        return answer

    async def ticket(self, port: int) -> str:
        answer = await self.call("POST", "desk/ticket", port=port)
        if answer.status != 200:
            raise Unreachable(f"no ticket: {answer}")
        return str(answer.body["ticket"])

    async def on_welcome(self, snapshot: Frame) -> None:
        self.owned = {one["id"]: one for one in snapshot["handoffs"]}
        self.offers = {offer["id"]: offer for offer in snapshot["offers"]}
        self.at_work = snapshot["agent"]["availability"]["available"]
        if self.available and not snapshot["agent"]["availability"]["available"]:
            self.spawn(self._quietly("availability.set", available=True))
        for offer in snapshot["offers"]:
            self._answer_offer(offer)

    def on_event(self, event: Frame) -> None:
        data = event["data"]
        if event["type"] == "offer.made":
            self.offers[data["id"]] = data
            self._answer_offer(data)
        elif event["type"] == "offer.ended":
            self.offers.pop(data["id"], None)
        elif event["type"] == "handoff.assigned":
            self.owned[data["id"]] = data
        elif event["type"] == "handoff.unassigned":
            self.owned.pop(data["id"], None)
            for stream in (f"handoff/{data['id']}", f"handoff/{data['id']}/desk"):
                self.view.cursors.pop(stream, None)
        elif event["type"] == "availability.changed":
            self.at_work = data["available"]

    def _answer_offer(self, offer: Frame) -> None:
        decision = self.decide(offer)
        if decision is not None:
            self.spawn(self._quietly(f"offer.{decision}", offer=offer["id"], token=offer["token"]))

    async def go_away(self) -> None:
        """Wrap up what is left, and take no more."""
        self.available = False
        await self._quietly("availability.set", available=False, seconds=5)
        for handoff in list(self.owned):
            await self._quietly("handoff.wrap_up", handoff=handoff, disposition="resolved", seconds=5)

    async def _quietly(self, name: str, **fields: Any) -> Frame | None:
        with contextlib.suppress(Unreachable):
            return await self.command(name, **fields)
        return None

    async def read_log(self, handoff: str, *, desk: bool = False) -> dict[str, int]:
        """A stream of a handoff on this desk through the API, written down as `final`; answers its head."""
        stream = f"handoff/{handoff}" + ("/desk" if desk else "")
        entries: list[Frame] = []
        while True:
            before = f"&before={entries[0]['seq']}" if entries else ""
            answer = await self._insist(f"desk/handoffs/{handoff}/events?stream={stream}{before}")
            assert answer.status == 200, answer
            entries = answer.body["events"] + entries
            if len(answer.body["events"]) < 200:
                break
        told = [[one["seq"], one["at"], one["type"], slim(one["type"], one["data"])] for one in entries]
        self.history.add(self.name, "final", stream=stream, head=answer.body["head"], entries=told)
        return {stream: answer.body["head"]}

    async def _insist(self, path: str, *, seconds: float = 60) -> Answer:
        async with asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(Unreachable):
                    answer = await self.call("GET", path)
                    if answer.status < 500:
                        return answer
                await asyncio.sleep(0.2)
