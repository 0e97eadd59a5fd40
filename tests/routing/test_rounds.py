"""Rounds of the router over the database: who is held back, who is asked again, and that nobody is overtaken."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from handoff.broker.models import Handoff
from handoff.broker.transitions import rank
from handoff.identity.models import Customer
from handoff.intents.models import Intent
from handoff.lib.clock import utc_now
from handoff.routing import crew, rounds, supply
from handoff.routing.models import Offer
from handoff.routing.rounds import run_matching
from handoff.staffing.models import Agent, AgentSkill, Queue, Skill
from tests.phones import give_line
from tests.scenes import accept, at_once, sit_down

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def click(page, harbour):
    """A new customer in line, each behind the one before."""

    def ask(number: int, **fields: str) -> Handoff:
        tab = page()
        tab.open(tab.token(sub=f"customer-{number}"))
        answer = tab.ask(**fields)
        assert answer.status == 201, answer.body
        handoff = Handoff.objects.get(public_id=answer.body["id"])
        handoff.enqueued_at = utc_now() - timedelta(minutes=30) + timedelta(seconds=number)
        rank(handoff)
        handoff.save()
        return handoff

    return ask


def go_away(*handoffs: Handoff, seconds: float = 31) -> None:
    seen_at = utc_now() - timedelta(seconds=seconds)
    Customer.objects.filter(handoffs__in=handoffs).update(seen_at=seen_at, present_until=None)


def offered() -> list[int]:
    return list(Offer.objects.filter(status="pending").order_by("pk").values_list("handoff_id", flat=True))


def why(handoff: Handoff) -> list[str]:
    return Offer.objects.get(handoff=handoff, status="pending").why


def room(agent: Agent, capacity: int) -> None:
    Agent.objects.filter(pk=agent.pk).update(capacity=capacity)
    sit_down(agent)


def test_who_is_away_is_held_back_and_those_behind_are_told_so(click, amira: Agent) -> None:
    first, second = click(1), click(2)
    go_away(first)
    room(amira, 1)
    assert run_matching() == 1
    assert offered() == [second.pk]
    assert "Passed over, 1 ahead: its customer is away" in why(second)


def test_who_comes_back_is_at_the_same_place(click, amira: Agent) -> None:
    first, second = click(1), click(2)
    go_away(first)
    Customer.objects.filter(handoffs=first).update(seen_at=utc_now())
    room(amira, 1)
    assert run_matching() == 1
    assert offered() == [first.pk]
    assert "first in its line" in why(first)[1]
    assert Handoff.objects.get(pk=second.pk).state == "queued"


def test_an_http_call_speaks_for_its_customer_a_while_longer(click, amira: Agent) -> None:
    first = click(1)
    go_away(first)
    Customer.objects.filter(handoffs=first).update(present_until=utc_now() + timedelta(seconds=20))
    room(amira, 1)
    assert run_matching() == 1


@pytest.mark.parametrize("change", [{"channel": "callback"}, {"channel": "phone"}, {"is_left": True}])
def test_nobody_is_expected_to_hold_the_line_of_a_call_or_of_what_was_left(click, amira: Agent, change) -> None:
    first = click(1)
    Handoff.objects.filter(pk=first.pk).update(**change)
    go_away(first)
    give_line(amira)
    room(amira, 1)
    assert run_matching() == 1


def test_a_call_in_the_page_is_held_back_as_a_chat_is(click, amira: Agent) -> None:
    first = click(1)
    Handoff.objects.filter(pk=first.pk).update(channel="voice")
    go_away(first)
    room(amira, 1)
    assert run_matching() == 0


def test_a_head_start_is_minutes_already_waited(click, harbour, amira: Agent) -> None:
    Intent.objects.filter(site=harbour, key="lost-card").update(head_start_minutes=5)
    click(1)
    urgent = click(200, intent="lost-card")
    click(301, intent="lost-card")
    room(amira, 1)
    assert run_matching() == 1
    assert offered() == [urgent.pk]
    assert "with 5 minutes' head start" in why(urgent)[1]


def test_of_two_with_the_skill_the_better_one_gets_it(click, harbour, amira: Agent, tomas: Agent) -> None:
    disputes = Skill.objects.create(key="disputes")
    Intent.objects.get(site=harbour, key="dispute-charge").skills.add(disputes)
    AgentSkill.objects.create(agent=amira, skill=disputes, level=2)
    AgentSkill.objects.create(agent=tomas, skill=disputes, level=4)
    handoff = click(1)
    room(amira, 3)
    room(tomas, 3)
    assert run_matching() == 1
    assert Offer.objects.get().agent == tomas
    assert "Needs disputes; Tomas has disputes (level 4)" in why(handoff)


def test_skills_are_asked_for_in_the_intent_s_own_line_alone(click, harbour, amira: Agent) -> None:
    """A person who passed it on to another line has chosen that."""
    Intent.objects.get(site=harbour, key="dispute-charge").skills.add(Skill.objects.create(key="disputes"))
    handoff = click(1)
    room(amira, 1)
    assert run_matching() == 0
    elsewhere = Queue.objects.create(key="elsewhere", name="Elsewhere")
    amira.queues.add(elsewhere)
    Handoff.objects.filter(pk=handoff.pk).update(queue=elsewhere)
    assert run_matching() == 1


@pytest.mark.parametrize("status", ["declined", "timed_out", "withdrawn", "agent_lost"])
def test_who_had_it_a_moment_ago_is_left_out_however_it_ended(click, amira: Agent, tomas: Agent, status: str) -> None:
    handoff = click(1)
    room(amira, 1)
    # At work and full: it waits for somebody who has not had it yet.
    room(tomas, 0)
    ended = utc_now() - timedelta(seconds=5)
    offer = Offer.objects.create(
        handoff=handoff, agent=amira, status=status, why=[], made_at=ended, expires_at=ended, ended_at=ended
    )
    assert run_matching() == 0
    Offer.objects.filter(pk=offer.pk).update(ended_at=ended - timedelta(seconds=settings.HANDOFF_SECONDS["DECLINED"]))
    assert run_matching() == 1


def test_who_passed_it_on_is_left_out_for_a_while(click, amira: Agent) -> None:
    handoff = click(1)
    room(amira, 1)
    Handoff.objects.filter(pk=handoff.pk).update(excluded_agent=amira, excluded_until=utc_now() + timedelta(seconds=9))
    assert run_matching() == 0
    Handoff.objects.filter(pk=handoff.pk).update(excluded_until=utc_now())
    assert run_matching() == 1


def prefer(handoff: Handoff, agent: Agent, *, seconds: float = 60) -> None:
    until = utc_now() + timedelta(seconds=seconds)
    Handoff.objects.filter(pk=handoff.pk).update(preferred_agent=agent, preferred_until=until)


def test_the_same_agent_is_asked_first_even_in_a_line_that_is_not_theirs(click, amira: Agent, tomas: Agent) -> None:
    handoff = click(1)
    tomas.queues.clear()
    room(amira, 3)
    room(tomas, 3)
    prefer(handoff, tomas)
    assert run_matching() == 1
    assert Offer.objects.get().agent == tomas


def test_it_goes_back_to_them_also_when_nobody_else_is_there(click, tomas: Agent) -> None:
    handoff = click(1)
    tomas.queues.clear()
    room(tomas, 3)
    assert run_matching() == 0
    prefer(handoff, tomas)
    assert run_matching() == 1


# -- calls


@pytest.fixture
def caller(click):
    """A new customer in line on a telephone."""

    def ring(number: int, **fields: str) -> Handoff:
        handoff = click(number, **fields)
        Handoff.objects.filter(pk=handoff.pk).update(channel="phone")
        return handoff

    return ring


def test_a_call_goes_to_who_has_a_phone(caller, amira: Agent, tomas: Agent) -> None:
    first = caller(1)
    room(amira, 3)
    assert run_matching() == 0
    give_line(tomas)
    room(tomas, 3)
    assert run_matching() == 1
    assert Offer.objects.get().agent == tomas
    assert "Not Amira: has no phone line" in why(first)


def test_callers_do_not_hold_up_the_chats_of_who_has_no_phone(caller, click, amira: Agent) -> None:
    caller(1)
    chat = click(2)
    room(amira, 1)
    assert run_matching() == 1
    assert offered() == [chat.pk]
    assert "Passed over, 1 ahead: nobody free has a phone line" in why(chat)


def test_one_person_is_offered_one_call_and_chats_beside_it(caller, click, amira: Agent) -> None:
    first, second, chat = caller(1), caller(2), click(3)
    give_line(amira)
    room(amira, 3)
    assert run_matching() == 2
    assert sorted(offered()) == [first.pk, chat.pk]
    assert run_matching() == 0
    accept(amira, Offer.objects.get(handoff=first, status="pending"))
    assert run_matching() == 0
    Handoff.objects.filter(pk=first.pk).update(state="wrap_up", ended_at=utc_now())
    # Whoever writes a call up is not on the next one yet.
    assert run_matching() == 0
    Handoff.objects.filter(pk=first.pk).update(state="closed", close_reason="resolved", closed_at=utc_now())
    assert run_matching() == 1
    assert second.pk in offered()


def test_one_person_is_offered_one_call_across_two_lines(caller, harbour, amira: Agent) -> None:
    loans = Queue.objects.create(key="loans", name="Loans")
    Intent.objects.create(site=harbour, key="loan", label="Loan", queue=loans, channels=["chat"])
    caller(1), caller(2, intent="loan")
    amira.queues.add(loans)
    give_line(amira)
    room(amira, 3)
    assert run_matching() == 1
    assert run_matching() == 0


def test_rounds_at_once_give_one_person_one_call(caller, amira: Agent, tomas: Agent) -> None:
    line = [caller(number).pk for number in range(6)]
    give_line(amira, tomas)
    room(amira, 5)
    room(tomas, 5)
    at_once([run_matching] * 6)
    while run_matching():
        pass
    assert sorted(offered()) == line[:2]
    assert set(Offer.objects.values_list("agent__name", flat=True)) == {"Amira", "Tomas"}


def test_a_call_that_began_since_the_plan_is_seen_under_the_lock(caller, amira: Agent) -> None:
    first, second = caller(1), caller(2)
    give_line(amira)
    room(amira, 3)
    plan, plans = rounds._plan, []

    def plan_and_call(within, without):
        planned = plan(within, without)
        plans.append(planned)
        if len(plans) == 1:
            # A talk of hers has just become a call.
            Handoff.objects.filter(pk=second.pk).update(state="connected", agent=amira)
            Handoff.objects.filter(pk=second.pk).update(connected_at=utc_now())
        return planned

    with patch.object(rounds, "_plan", plan_and_call):
        assert run_matching() == 0
    assert offered() == []
    assert Handoff.objects.get(pk=first.pk).state == "queued"


def test_the_same_agent_without_a_line_is_passed_over(caller, amira: Agent, tomas: Agent) -> None:
    handoff = caller(1)
    give_line(tomas)
    room(amira, 3)
    room(tomas, 3)
    prefer(handoff, amira)
    assert run_matching() == 1
    assert Offer.objects.get().agent == tomas


def test_heads_that_wait_for_somebody_full_do_not_starve_those_behind_a_page_of_them(
    click, amira: Agent, tomas: Agent
) -> None:
    room(tomas, 1)
    talk = click(0)
    assert run_matching() == 1
    heads = [click(number) for number in range(1, 8)]
    for head in heads:
        prefer(head, tomas)
    room(amira, 1)
    last = click(9)
    with patch.object(supply, "PAGE_LIMIT", 3):
        assert run_matching() == 1
    assert offered() == [talk.pk, last.pk]
    assert any(line.startswith("Passed over, 7 ahead: waits for Tomas until") for line in why(last))


def test_heads_that_everybody_declined_do_not_starve_those_behind_a_page_of_them(click, amira: Agent) -> None:
    now = utc_now()
    for number in range(7):
        Offer.objects.create(
            handoff=click(number), agent=amira, status="declined", why=[], made_at=now, expires_at=now, ended_at=now
        )
    last = click(9)
    room(amira, 1)
    with patch.object(supply, "PAGE_LIMIT", 3):
        assert run_matching() == 1
    assert offered() == [last.pk]


def test_those_first_in_line_are_not_overtaken_while_somebody_holds_their_row(click, amira: Agent) -> None:
    first = click(1)
    click(2)
    room(amira, 1)
    real, looks = supply.lock_handoffs, []

    def busy_at_first(waiting):
        looks.append(1)
        return {pk: one for pk, one in real(waiting).items() if len(looks) > 1 or pk != first.pk}

    with patch.object(supply, "lock_handoffs", busy_at_first):
        assert run_matching() == 1
    assert (offered(), len(looks)) == ([first.pk], 2)


def test_nobody_is_served_before_them_because_there_is_room_for_both(click, amira: Agent) -> None:
    first, second = click(1), click(2)
    room(amira, 3)
    real, looks = supply.lock_handoffs, []

    def busy_at_first(waiting):
        looks.append(1)
        return {pk: one for pk, one in real(waiting).items() if len(looks) > 1 or pk != first.pk}

    with patch.object(supply, "lock_handoffs", busy_at_first):
        assert run_matching() == 2
    assert list(Offer.objects.order_by("id").values_list("handoff_id", flat=True)) == [first.pk, second.pk]


def test_a_row_that_is_never_let_go_is_passed_by(click, amira: Agent) -> None:
    first, second = click(1), click(2)
    room(amira, 1)
    real = supply.lock_handoffs

    def without_first(waiting):
        return {pk: one for pk, one in real(waiting).items() if pk != first.pk}

    with patch.object(supply, "lock_handoffs", without_first):
        assert run_matching() == 1
    assert offered() == [second.pk]


@pytest.fixture
def amira_is_held(amira: Agent) -> Iterator[None]:
    """Somebody changes her and does not let go. SQLite has no locks on rows: there she is left out in their place."""
    if connection.vendor != "postgresql":
        real = crew.lock_agents
        with patch.object(crew, "lock_agents", lambda ids, *, now: real(set(ids) - {amira.pk}, now=now)):
            yield
        return
    with ThreadPoolExecutor(1) as pool:
        is_held, let_go = Event(), Event()
        holding = pool.submit(hold, amira, is_held, let_go)
        assert is_held.wait(20)
        try:
            yield
        finally:
            let_go.set()
            holding.result()


def hold(agent: Agent, is_held: Event, let_go: Event) -> None:
    with transaction.atomic():
        Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
        is_held.set()
        let_go.wait(60)
    connection.close()


@pytest.fixture
def two_at_work(click, amira: Agent, tomas: Agent) -> list[Handoff]:
    """Two in line; Amira is the longer idle."""
    room(amira, 3)
    room(tomas, 3)
    return [click(1), click(2)]


def test_what_a_held_agent_would_get_goes_to_the_other_in_the_same_call(two_at_work, tomas, amira_is_held) -> None:
    assert run_matching() == 2
    assert sorted(offered()) == [one.pk for one in two_at_work]
    assert set(Offer.objects.values_list("agent__name", flat=True)) == {"Tomas"}
    assert "Not Amira: was busy at that moment" in why(two_at_work[0])


def test_who_waits_for_a_held_agent_goes_on_waiting_for_them(two_at_work, amira, amira_is_held) -> None:
    first, second = two_at_work
    prefer(first, amira)
    assert run_matching() == 1
    assert offered() == [second.pk]
    assert Handoff.objects.get(pk=first.pk).state == "queued"


def test_a_held_agent_alone_is_asked_when_they_are_let_go(click, amira: Agent) -> None:
    first = click(1)
    room(amira, 3)
    real, looks = crew.lock_agents, []

    def held_at_first(ids, *, now):
        looks.append(1)
        return real(ids, now=now) if len(looks) > 2 else {}

    with patch.object(crew, "lock_agents", held_at_first):
        assert run_matching() == 1
    assert (offered(), len(looks)) == ([first.pk], 3)


def test_what_changed_between_plan_and_lock_is_planned_anew(click, amira: Agent) -> None:
    """An agent who left, a customer who cancelled, a change of intent: each is seen under the lock."""
    first, second = click(1), click(2)
    room(amira, 2)
    real, looks = supply.lock_queues, []

    def meanwhile(within) -> None:
        real(within)
        looks.append(1)

    plan = rounds._plan

    def plan_and_change(within, without):
        planned = plan(within, without)
        if len(looks) == 1:
            Handoff.objects.filter(pk=first.pk).update(version=first.version + 1)
        return planned

    with patch.object(supply, "lock_queues", meanwhile), patch.object(rounds, "_plan", plan_and_change):
        assert run_matching() == 2
    assert sorted(offered()) == [first.pk, second.pk]
    assert len(looks) == 2


def test_a_lease_that_ran_out_since_the_plan_is_seen_under_the_lock(click, amira: Agent) -> None:
    click(1)
    room(amira, 1)
    plan = rounds._plan

    def plan_and_leave(within, without):
        planned = plan(within, without)
        Agent.objects.update(lease_expires_at=utc_now() - timedelta(seconds=1))
        return planned

    with patch.object(rounds, "_plan", plan_and_leave):
        assert run_matching() == 0
    assert offered() == []


def test_room_that_shrank_since_the_plan_is_seen_under_the_lock(click, amira: Agent) -> None:
    first, _ = click(1), click(2)
    room(amira, 2)
    plan = rounds._plan

    def plan_and_shrink(within, without):
        planned = plan(within, without)
        Agent.objects.update(capacity=1)
        return planned

    with patch.object(rounds, "_plan", plan_and_shrink):
        assert run_matching() == 1
    assert offered() == [first.pk]


def test_who_is_full_since_the_plan_is_made_up_for_in_the_same_call(two_at_work, tomas: Agent, amira: Agent) -> None:
    plan, plans = rounds._plan, []

    def plan_and_fill(within, without):
        planned = plan(within, without)
        plans.append(planned)
        Agent.objects.filter(pk=amira.pk).update(capacity=0)
        return planned

    with patch.object(rounds, "_plan", plan_and_fill):
        assert run_matching() == 2
    assert len(plans) == 2
    assert set(Offer.objects.values_list("agent__name", flat=True)) == {"Tomas"}


def test_many_rounds_at_once_serve_the_line_in_its_order_and_nobody_beyond_their_room(
    click, amira: Agent, tomas: Agent
) -> None:
    line = [click(number).pk for number in range(30)]
    room(amira, 5)
    room(tomas, 7)
    with patch.object(rounds, "MATCHES_LIMIT", 4):
        made = at_once([run_matching] * 6)
        while run_matching():
            pass
    assert sum(made) <= 12
    assert sorted(offered()) == line[:12]
    taken = Offer.objects.values_list("agent__name", flat=True)
    assert sorted(taken) == ["Amira"] * 5 + ["Tomas"] * 7


def test_a_long_line_costs_as_many_queries_as_a_short_one(click, amira: Agent) -> None:
    room(amira, 9)
    click(0)
    # The first offer of all also opens the agent's stream.
    assert run_matching() == 1
    click(1)
    short = queries_of_one_match()
    room(amira, 3)
    for number in range(2, 22):
        click(number)
    assert queries_of_one_match() == short <= 26


def queries_of_one_match() -> int:
    with CaptureQueriesContext(connection) as queries:
        assert run_matching() == 1
    return len(queries)


def test_a_place_is_counted_by_the_line_s_index(click) -> None:
    handoff = click(1)
    ahead = Handoff.objects.filter(
        queue=handoff.queue_id, state__in=["queued", "offered"], ranked_at__lt=handoff.ranked_at
    )
    assert is_indexed(ahead, by="the_line")


def test_service_times_are_read_by_their_index(cards: Queue) -> None:
    done = Handoff.objects.filter(queue=cards, connected_at__isnull=False, closed_at__isnull=False)
    assert is_indexed(done.order_by("-closed_at")[:200], by="service_times")


def is_indexed(rows: QuerySet[Handoff], *, by: str) -> bool:
    """Whether the database can find them by this index, where it has no other and may not read the whole table.

    Which of several it takes depends on what other tests have left. SQLite cannot tell from a parameter that an
    index of some states will do; it takes the one of all the queue's.
    """
    if connection.vendor != "postgresql":
        return "SCAN handoff_handoff" not in rows.explain()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false"
            " WHERE indrelid = 'handoff_handoff'::regclass AND indexrelid <> %s::regclass",
            [by],
        )
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = rows.explain()
        transaction.set_rollback(True)
    return by in plan
