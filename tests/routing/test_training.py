"""Practice and real work share queues and nothing else: neither agents, nor places, nor estimates."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_console.snapshot import agent_snapshot
from handoff.broker.models import Handoff
from handoff.broker.states import OWNED
from handoff.flows.transfer import transfer
from handoff.identity.models import Site
from handoff.lib.clock import utc_now
from handoff.lib.errors import DomainError
from handoff.routing import actions as routing
from handoff.routing import queries, rounds, waits
from handoff.routing.destinations import destinations
from handoff.routing.matching import Candidate, Waiting, match
from handoff.routing.models import Offer
from handoff.routing.offers import OfferGone
from handoff.staffing.models import Agent, Queue, User
from tests.conftest import OTHER_ORIGIN, OTHER_SECRET, SECRET, SITE_ORIGIN, Page, make_agent, make_site
from tests.routing.test_matching import NOW
from tests.scenes import accept, close, offer_to, sit_down

database = pytest.mark.django_db(transaction=True)


@pytest.fixture
def practice(cards: Queue) -> Site:
    site = make_site("practice", "Practice", OTHER_ORIGIN, OTHER_SECRET, cards)
    Site.objects.filter(pk=site.pk).update(is_simulated=True)
    site.refresh_from_db()
    return site


def train(agent: Agent) -> Agent:
    Agent.objects.filter(pk=agent.pk).update(is_trainee=True)
    agent.refresh_from_db()
    return agent


@pytest.fixture
def theo(cards: Queue) -> Agent:
    return train(make_agent("theo", "Theo", cards))


@pytest.fixture
def visitor(harbour: Site, practice: Site) -> Callable[..., Page]:
    """A new customer, of the real site or of practice."""
    numbers = iter(range(1000))

    def make(*, simulated: bool = False) -> Page:
        tab = Page(practice, OTHER_ORIGIN, OTHER_SECRET) if simulated else Page(harbour, SITE_ORIGIN, SECRET)
        assert tab.open(tab.token(sub=f"visitor-{next(numbers)}")).status == 201
        return tab

    return make


# -- the decision, from plain values


def _waiting(number: int, *, simulated: bool, minutes: int, skilled: bool, queue: int) -> Waiting:
    at = NOW - timedelta(minutes=minutes)
    skills = frozenset({"disputes"} if skilled else ())
    return Waiting(number, queue, "Cards", "Dispute", at, at, skills=skills, is_simulated=simulated)


lines = st.lists(
    st.builds(
        lambda simulated, minutes, skilled, queue: (simulated, minutes, skilled, queue),
        st.booleans(), st.integers(0, 60), st.booleans(), st.integers(1, 2),
    ),
    max_size=12,
)  # fmt: skip
desks = st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.booleans(), st.integers(1, 2)), max_size=8)


@given(lines, desks)
def test_a_mixed_round_decides_as_two_rounds_that_know_nothing_of_each_other(line, desk) -> None:
    waiting = [
        _waiting(number, simulated=simulated, minutes=minutes, skilled=skilled, queue=queue)
        for number, (simulated, minutes, skilled, queue) in enumerate(line)
    ]

    def agents() -> list[Candidate]:
        return [
            Candidate(
                number, f"Agent {number}", frozenset({queue}), capacity, skills={"disputes": 1} if skilled else {},
                is_trainee=trainee,
            )
            for number, (trainee, capacity, skilled, queue) in enumerate(desk)
        ]  # fmt: skip

    both = match(waiting, agents(), now=NOW)
    apart = [
        found
        for simulated in (False, True)
        for found in match(
            [one for one in waiting if one.is_simulated == simulated],
            [one for one in agents() if one.is_trainee == simulated],
            now=NOW,
        )
    ]
    assert sorted(map(repr, both)) == sorted(map(repr, apart))


# -- over the database


def _is_kept_apart() -> bool:
    """Whatever was ever offered, and whoever owns something now."""
    offered = Offer.objects.values_list("handoff__is_simulated", "agent__is_trainee")
    owned = Handoff.objects.filter(agent__isnull=False).values_list("is_simulated", "agent__is_trainee")
    return all(simulated == trainee for simulated, trainee in [*offered, *owned])


class Shift:
    """Customers and agents of both kinds at one queue, who do what chance says."""

    def __init__(self, seed: int, visitor: Callable[..., Page], staff: list[Agent]) -> None:
        self.chance, self.visitor, self.staff = random.Random(seed), visitor, staff

    def step(self) -> None:
        self.chance.choice([self.click, self.click, routing.run_matching, self.answer, self.pass_on, self.finish])()

    def click(self) -> None:
        self.visitor(simulated=self.chance.random() < 0.5).ask()

    def answer(self) -> None:
        for offer in list(Offer.objects.select_related("agent").filter(status="pending")):
            if self.chance.random() < 0.8:
                accept(offer.agent, offer)
            else:
                routing.decline(offer.agent, offer_id=offer.public_id, token=offer.token, reason="")

    def pass_on(self) -> None:
        one = self._a_talk()
        others = [agent for agent in self.staff if one is not None and agent != one.agent]
        if one is None:
            return
        to = self.chance.choice([None, *others])
        where = {"queue": "cards", "to_agent": None} if to is None else {"queue": None, "to_agent": to.public_id}
        if to is None or one.is_for(to):
            transfer(one.agent, one.public_id, **where, note="Please go on.", version=None)
        else:
            with pytest.raises(DomainError, match="Practice stays"):
                transfer(one.agent, one.public_id, **where, note="Please go on.", version=None)

    def finish(self) -> None:
        one = self._a_talk()
        if one is not None:
            close(one.agent, one.public_id)

    def _a_talk(self) -> Handoff | None:
        talks = list(Handoff.objects.select_related("agent").filter(state="connected").order_by("pk"))
        return self.chance.choice(talks) if talks else None


@database
@pytest.mark.parametrize("seed", range(3))
def test_no_trainee_ever_gets_a_real_one_and_nobody_else_practice(visitor, cards, seed: int) -> None:
    staff = [make_agent(f"agent-{number}", f"Agent {number}", cards, capacity=2) for number in range(5)]
    for agent in staff[:2]:
        train(agent)
    for agent in staff:
        sit_down(agent)
    shift = Shift(seed, visitor, staff)
    for _ in range(25):
        shift.step()
        assert _is_kept_apart()
    worlds = set(Offer.objects.values_list("handoff__is_simulated", flat=True))
    assert worlds == {False, True}, "the play has to have offered both"


@database
def test_what_a_customer_opens_is_practice_only_where_the_site_says_so(visitor) -> None:
    visitor().ask()
    visitor(simulated=True).ask()
    assert list(Handoff.objects.order_by("pk").values_list("site__key", "is_simulated")) == [
        ("harbour", False),
        ("practice", True),
    ]
    refused = visitor().ask(is_simulated=True)
    assert (refused.status, refused.code) == (400, "unknown_field")


@database
def test_the_one_queue_has_two_lines(visitor, amira: Agent, theo: Agent) -> None:
    practised = [visitor(simulated=True).ask().body for _ in range(3)]
    real = visitor().ask().body
    assert [one["position"] for one in practised] == [1, 2, 3]
    assert real["position"] == 1
    ids = [one["id"] for one in [*practised, real]]
    assert {key: one.place for key, one in queries.standings_of(ids).items()} == dict(
        zip(ids, (1, 2, 3, 1), strict=True)
    )
    assert [view.waiting for view in queries.board(["cards"], now=utc_now())] == [1]
    assert [view.waiting for view in queries.board(["cards"], now=utc_now(), is_simulated=True)] == [3]
    assert [view.waiting for view in agent_snapshot(theo, now=utc_now())[0].queues] == [3]
    assert [view.waiting for view in agent_snapshot(amira, now=utc_now())[0].queues] == [1]


def _chat(tab: Page) -> str:
    return tab.get("availability").body["intents"][0]["channels"][0]["state"]


@database
def test_trainees_staff_no_real_line_and_real_agents_no_practice(visitor, amira: Agent, theo: Agent) -> None:
    sit_down(theo)
    assert (_chat(visitor()), _chat(visitor(simulated=True))) == ("unstaffed", "open")
    assert queries.board(["cards"], now=utc_now())[0].agents_available == 0
    routing.set_availability(theo, available=False, after_current=False, reason="")
    Agent.objects.filter(pk=theo.pk).update(lease_expires_at=None)
    sit_down(amira)
    assert (_chat(visitor()), _chat(visitor(simulated=True))) == ("open", "unstaffed")


@database
def test_practice_does_not_fill_a_line_that_takes_so_many(visitor, cards: Queue) -> None:
    Queue.objects.filter(pk=cards.pk).update(max_waiting=2)
    for _ in range(2):
        assert visitor(simulated=True).ask().status == 201
    assert visitor(simulated=True).ask().code == "channel_full"
    assert [visitor().ask().status for _ in range(2)] == [201, 201]


@database
def test_estimates_are_the_same_with_fifty_trainees_at_work(visitor, cards: Queue, amira: Agent) -> None:
    sit_down(amira)
    _have_talked(visitor, amira, times=25)
    for _ in range(6):
        visitor().ask()
    rounds.run_matching()
    handoff = Handoff.objects.filter(state="queued").latest("pk")
    waits.forget()
    before = queries.standing_of(handoff)
    assert before is not None
    assert before.estimate.kind == "range"
    _come_to_practise(50, cards)
    for _ in range(4):
        visitor(simulated=True).ask()
    waits.forget()
    assert queries.standing_of(handoff) == before
    # Practice's own line has no talks to estimate from: those of the real one are not taken for its.
    practised = Handoff.objects.filter(is_simulated=True).latest("pk")
    told = queries.standing_of(practised)
    assert told is not None
    assert told.estimate.kind == "unknown"


def _come_to_practise(count: int, queue: Queue) -> None:
    users = User.objects.bulk_create(User(username=f"trainee-{number}") for number in range(count))
    until = utc_now() + timedelta(minutes=5)
    queue.agents.add(
        *Agent.objects.bulk_create(
            Agent(user=user, name=user.username, capacity=5, is_trainee=True, wanted=True, lease_expires_at=until)
            for user in users
        )
    )


def _have_talked(visitor: Callable[..., Page], agent: Agent, *, times: int) -> None:
    """Talks of ten minutes, all of the past."""
    for _ in range(times):
        visitor().ask()
        close(agent, accept(agent, offer_to(agent)))
    done = Handoff.objects.filter(state="closed")
    for one in done:
        since = one.closed_at - timedelta(minutes=10)
        Handoff.objects.filter(pk=one.pk).update(connected_at=since, opened_at=since, enqueued_at=since)


@database
def test_who_becomes_a_trainee_between_offer_and_accept_does_not_get_it(visitor, amira: Agent) -> None:
    visitor().ask()
    offer = offer_to(amira)
    train(amira)
    with pytest.raises(OfferGone):
        accept(amira, offer)
    assert not Handoff.objects.filter(state__in=OWNED).exists()


@database
def test_who_becomes_a_trainee_between_look_and_lock_is_not_asked(visitor, amira: Agent, monkeypatch) -> None:
    sit_down(amira)
    visitor().ask()
    look = rounds._plan

    def plan(*args):
        found = look(*args)
        train(amira)
        return found

    monkeypatch.setattr(rounds, "_plan", plan)
    assert routing.run_matching() == 0
    assert not Offer.objects.exists()


@database
def test_nobody_passes_a_talk_on_into_or_out_of_practice(visitor, amira: Agent, tomas: Agent, theo: Agent) -> None:
    sit_down(theo)
    visitor().ask()
    real = accept(amira, offer_to(amira))
    visitor(simulated=True).ask()
    practised = accept(theo, offer_to(theo))
    for owner, handoff_id, to in ((amira, real, theo), (theo, practised, amira)):
        with pytest.raises(DomainError) as refusal:
            transfer(owner, handoff_id, queue=None, to_agent=to.public_id, note="Please go on.", version=None)
        assert refusal.value.code == "invalid_request"
    assert [one.name for one in destinations(theo, now=utc_now()).agents] == []
    assert [one.name for one in destinations(amira, now=utc_now()).agents] == ["Tomas"]
    # Into the queue's line it may go, and waits there for its own kind.
    sit_down(amira)
    sit_down(tomas)
    transfer(theo, practised, queue="cards", to_agent=None, note="Please go on.", version=None)
    routing.run_matching()
    assert not Offer.objects.filter(status="pending").exists()
    assert _is_kept_apart()


@database
def test_the_desk_says_that_it_is_a_trainees(amira: Agent, theo: Agent) -> None:
    told = [agent_snapshot(agent, now=utc_now())[0].agent.is_trainee for agent in (amira, theo)]
    assert told == [False, True]
