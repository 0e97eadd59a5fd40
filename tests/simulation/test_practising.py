"""The button of a trainee: a simulated customer comes by the public doors, within limits, and to nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.config import http
from handoff.flows import practice, practising
from handoff.identity.models import Site
from handoff.intents.models import Intent
from handoff.lib.errors import DomainError
from handoff.simulation import visits as visiting
from handoff.simulation import web
from handoff.simulation.ledger import Ledger
from handoff.simulation.line import Line
from handoff.simulation.stage import Plan, Signer
from handoff.simulation.visits import MOST_COMING, MOST_EACH, Begun, Visits
from handoff.simulation.web import Refused, Web
from handoff.staffing.models import Agent, AgentSkill, Queue, Skill
from tests.processes import manage, served

CONFIGURATION = """
[[queues]]
key = "cards"

[[agents]]
username = "amira"
password = "a passphrase of the trainee"
queues = ["cards"]
trainee = true

[[agents]]
username = "tom"
password = "a passphrase of the agent"
queues = ["cards"]

[[sites]]
key = "harbour"
hmac_secret = "a secret that only this test and its site know"

[[sites.intents]]
key = "lost-card"
queue = "cards"
"""


class Person:
    """At the desk by its own doors: a browser, and a socket whose events are kept."""

    def __init__(self, plan: Plan) -> None:
        self.web = Web(plan, Ledger())
        self.heard: list[dict[str, Any]] = []
        self.line = Line(
            plan, Ledger(), "/ws/agent", self._ticket, on_snapshot=lambda _: None, on_event=self.heard.append
        )

    async def sit_down(self, username: str, password: str) -> None:
        await self.web.sign_in(username, password)
        await self.line.open()
        await self.line.command("availability.set", available=True)

    async def post(self, path: str) -> Any:
        return await self.web.call("POST", path, **{"X-CSRFToken": self.web.cookie("csrftoken")})

    async def hears(self, kind: str, *, times: int = 1) -> dict[str, Any]:
        """The last of so many events of this type."""
        async with asyncio.timeout(20):
            while len(found := [one for one in self.heard if one["type"] == kind]) < times:
                self.line.news.clear()
                await self.line.news.wait()
        return found[-1]["data"]  # type: ignore[no-any-return]

    async def _ticket(self) -> str:
        return str((await self.post("desk/ticket"))["ticket"])


async def test_a_trainee_practises_with_the_press_of_a_button(tmp_path: Path) -> None:
    with served(tmp_path, server="uvicorn", HANDOFF_LIMIT_SCALE="100", HANDOFF_SQLITE_SYNCHRONOUS="OFF") as server:
        (tmp_path / "desk.toml").write_text(CONFIGURATION)
        assert manage(tmp_path, "apply_config", str(tmp_path / "desk.toml")).returncode == 0
        plan = Plan(server.origin, server.origin, Signer("", "", ""), (), 0, 1)
        amira, tom = Person(plan), Person(plan)
        await amira.sit_down("amira", "a passphrase of the trainee")
        await tom.sit_down("tom", "a passphrase of the agent")
        with pytest.raises(Refused, match="forbidden"):
            await tom.post("desk/practice")

        assert await amira.post("desk/practice") is None
        offer = await amira.hears("offer.made")
        assert offer["handoff"]["intent"]["key"] == "lost-card"
        await amira.line.command("offer.accept", offer=offer["id"], token=offer["token"])
        await amira.hears("handoff.assigned")
        handoff = offer["handoff"]["id"]
        await amira.line.send_message(handoff, "said-1", "Hello, how can I help?")
        # The customer answers by the script, and to the end of it.
        while not any(
            one["data"]["author"]["kind"] == "customer" for one in amira.heard if one["type"] == "message.posted"
        ):
            amira.line.news.clear()
            async with asyncio.timeout(30):
                await amira.line.news.wait()

        for _ in range(MOST_EACH - 1):
            await amira.post("desk/practice")
        with pytest.raises(Refused, match="channel_full"):
            await amira.post("desk/practice")
        await amira.line.command("handoff.end", handoff=handoff)
        await amira.line.command("handoff.wrap_up", handoff=handoff, disposition="resolved")
        # Who is served is gone, and makes room for the next one.
        async with asyncio.timeout(30):
            while True:
                try:
                    await amira.post("desk/practice")
                    break
                except Refused:
                    await asyncio.sleep(0.2)
        assert not [one for one in tom.heard if one["type"] == "offer.made"]
        for person in (amira, tom):
            await person.line.close()
    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        assert database.execute("SELECT count(*), min(is_simulated) FROM handoff_handoff").fetchone() == (4, 1)
        # Strangers have no way to the trainees.
        assert database.execute("SELECT allow_unverified FROM handoff_site WHERE is_simulated").fetchone() == (0,)


def test_nobody_comes_where_no_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "READY_SECONDS", 0.01)
    nowhere = Plan("http://127.0.0.1:9", "http://127.0.0.1:9", Signer("", "", ""), (), 1, 1)
    visits = Visits()
    # What is over makes room: more than there may be at once.
    for _ in range(MOST_EACH + 1):
        assert visits.begin(nowhere, 1, trainee="ag_1") is Begun.UNREACHABLE


@contextlib.contextmanager
def swallowing() -> Iterator[tuple[Plan, socket.socket]]:
    """An address that takes every connection, and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as deaf:
        deaf.settimeout(20)
        origin = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        yield Plan(origin, origin, Signer("", "", ""), (), 1, 1), deaf


def test_whoever_asks_waits_no_longer_where_what_is_sent_is_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visiting, "CLICK_SECONDS", 0.2)
    with swallowing() as (plan, _), ThreadPoolExecutor(1) as pool:
        # Ten looks of half a minute each.
        assert pool.submit(Visits().begin, plan, 1, trainee="ag_1").result(timeout=15) is Begun.UNREACHABLE


def test_a_class_of_trainees_leaves_threads_for_the_customers_they_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_COMING <= http.THREADS // 2
    visits = Visits()
    with swallowing() as (plan, deaf), ThreadPoolExecutor(MOST_COMING) as pool, contextlib.ExitStack() as taken:
        monkeypatch.setattr(visiting, "CLICK_SECONDS", 5)
        going = [pool.submit(visits.begin, plan, 1, trainee=f"ag_{number}") for number in range(MOST_COMING)]
        for _ in going:
            taken.enter_context(deaf.accept()[0])
        began = time.monotonic()
        assert visits.begin(plan, 1, trainee="ag_one_more") is Begun.BUSY
        assert time.monotonic() - began < 4, "who is refused does not wait"
        assert {one.result(timeout=20) for one in going} == {Begun.UNREACHABLE}
        monkeypatch.setattr(visiting, "CLICK_SECONDS", 0.2)
        assert visits.begin(plan, 1, trainee="ag_one_more") is Begun.UNREACHABLE


@pytest.mark.django_db
def test_a_press_writes_nothing_of_the_menu_that_stands(harbour: Site, cards: Queue, amira: Agent) -> None:
    practice.prepare_training(harbour.key, is_open=False)
    with CaptureQueriesContext(connection) as caught:
        practice.prepare_training(harbour.key, is_open=False)
    assert [one["sql"] for one in caught if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))] == []
    Intent.objects.filter(site=harbour, key="lost-card").update(label="Card lost")
    practice.prepare_training(harbour.key, is_open=False)
    assert Intent.objects.get(site__key=practice.SITE_KEY, key="lost-card").label == "Card lost"


@pytest.mark.django_db
def test_only_what_a_trainee_could_be_offered_comes(harbour: Site, cards: Queue, amira: Agent) -> None:
    with pytest.raises(DomainError, match="forbidden"):
        practising.start(amira)
    french = Skill.objects.create(key="french")
    Intent.objects.get(site=harbour, key="lost-card").skills.add(french)
    assert practising._plan(amira).intents == {"dispute-charge"}
    AgentSkill.objects.create(agent=amira, skill=french, level=1)
    assert practising._plan(amira).intents == {"dispute-charge", "lost-card"}
    amira.queues.clear()
    with pytest.raises(DomainError, match="channel_closed"):
        practising._plan(amira)
