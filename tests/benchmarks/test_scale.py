"""The arithmetic of the simulation: what goes in comes out, and what grows grows as it must."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from tests.benchmarks import scale
from tests.benchmarks.scale import Deployment, Habits, Load, Measured

HABITS = Habits()
MEASURED = Measured(
    cpu_message_us=100, cpu_handoff_ms=40, cpu_connect_ms=5, cpu_socket_us_a_second=40, memory_socket_kib=40,
    memory_process_mib=150, cpu_hint_heard_us=50, redis_delivery_us=4, postgres_message_us=60, postgres_handoff_ms=15,
    commits_a_second=5000, commits_a_handoff=20, entries_a_handoff=20, entry_bytes=1000, matches_a_second=120,
)  # fmt: skip
POOLED = Deployment("two", 2, is_pooled=True, drops_old=True)


def load(customers: float) -> Load:
    return Load.of(customers, HABITS, MEASURED)


def found(customers: float, deployment: Deployment = POOLED) -> dict[str, scale.Limit]:
    return {limit.name: limit for limit in scale.limits(load(customers), deployment, MEASURED, HABITS)}


def test_an_hour_of_arrivals_is_the_busy_share_of_the_day() -> None:
    assert load(100_000).arrivals * 3600 == pytest.approx(12_000)


def test_who_is_here_is_arrivals_times_their_stay() -> None:
    """Little's law, for customers and for the places that agents keep busy."""
    now = load(100_000)
    assert now.waiting + now.talking == pytest.approx(now.arrivals * 720)
    assert now.agents * HABITS.talks_an_agent == pytest.approx(now.arrivals * 660)


def test_sockets_are_customers_and_agents() -> None:
    now = load(100_000)
    assert now.sockets == pytest.approx(now.waiting + now.talking + now.agents)


def test_everything_of_a_load_grows_with_the_customers() -> None:
    one, ten = load(10_000), load(100_000)
    for field in fields(Load):
        assert getattr(ten, field.name) == pytest.approx(10 * getattr(one, field.name)), field.name


def test_each_message_is_an_entry_a_commit_a_hint_and_a_signal() -> None:
    now, silent = load(100_000), Load.of(100_000, replace(HABITS, messages=0), MEASURED)
    assert now.messages == pytest.approx(now.arrivals * 20)
    assert now.entries - silent.entries == pytest.approx(now.messages)
    assert now.commits - silent.commits == pytest.approx(now.messages)
    assert now.hints - silent.hints == pytest.approx(2 * now.messages)
    assert now.bytes_a_day == pytest.approx(100_000 * 40 * 1000)


def test_one_process_hears_nobody_and_needs_no_redis() -> None:
    alone = Deployment("one", 1, cores=1)
    assert scale.heard(load(100_000), alone) == 0
    assert "one Redis" not in found(100_000, alone)


def test_what_all_processes_hear_together_grows_with_the_square() -> None:
    """Ten times the customers on ten times the servers: a hundred times the hints."""
    few, many = Deployment("few", 10), Deployment("many", 100)
    together = [
        scale.heard(load(customers), one) * one.processes for customers, one in ((10_000, few), (100_000, many))
    ]
    assert together[1] / together[0] == pytest.approx(100, rel=0.03)


def test_what_one_process_hears_does_not_fall_when_servers_are_added() -> None:
    heard = [scale.heard(load(100_000), Deployment("", servers)) for servers in (1, 10, 100)]
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(load(100_000).hints, rel=0.01)


def test_with_a_topic_a_stream_it_does() -> None:
    ten, hundred = (Deployment("", servers, topic_a_stream=True) for servers in (10, 100))
    assert scale.heard(load(100_000), ten) == pytest.approx(10 * scale.heard(load(100_000), hundred))


def test_deployments_by_site_share_everything_that_people_bring() -> None:
    whole, tenth = found(1_000_000), found(1_000_000, replace(POOLED, shards=10))
    for name in ("commits of one PostgreSQL", "CPU of one PostgreSQL", "disk for the log", "matches"):
        assert tenth[name].needed == pytest.approx(whole[name].needed / 10), name


def test_a_pooler_takes_the_processes_off_the_connections() -> None:
    direct = replace(POOLED, is_pooled=False)
    assert found(1000, direct)["connections of one PostgreSQL"].needed == direct.processes * 22
    assert found(1000)["connections of one PostgreSQL"].needed == 0


def test_what_a_deployment_carries_is_where_its_first_limit_is_reached() -> None:
    most, limit = scale.carries(POOLED, MEASURED, HABITS)
    below, above = found(most * 0.999), found(most * 1.001)
    assert max(one.share for one in below.values()) <= 1
    assert above[limit.name].share > 1
    assert scale.first(list(above.values())).name == limit.name


def test_the_fewest_servers_are_enough_and_one_fewer_is_not() -> None:
    enough = scale.smallest(3_000_000, MEASURED, HABITS)
    fewer = replace(enough, servers=enough.servers - 1)
    by_servers = ("CPU of the servers", "memory of the servers", "a dead server's sockets are back in 45 s")
    assert max(found(3_000_000, enough)[name].share for name in by_servers) <= 1
    assert max(found(3_000_000, fewer)[name].share for name in by_servers) > 1


def test_every_measured_figure_says_what_measured_it() -> None:
    told = scale.json.loads(scale.MEASURED.read_text())
    assert told.keys() == {field.name for field in fields(Measured)}
    for name, figure in told.items():
        assert figure["value"] > 0, name
        assert figure["measured_by"], name
        assert figure["on"], name


def test_each_size_has_a_first_limit_and_something_that_lifts_it() -> None:
    text = scale.firsts_table(Measured.read(), HABITS)
    for size in scale.SIZES:
        [row] = [line for line in text.splitlines() if line.startswith(f"| {size:,} |")]
        assert all(cell.strip() for cell in row.strip("|").split("|")), row
