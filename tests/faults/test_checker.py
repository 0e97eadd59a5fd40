"""The checker goes red for each broken promise, and shows the shortest history that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checker import Violation, assert_kept, check, explain, shortest
from tests.faults.history import History
from tests.faults.rules_of_offers import first_in_first_out

TALK = "handoff/ho_1"
Doctor = Callable[[History], None]


def at(second: float) -> str:
    return f"2026-01-05T10:00:{second:06.3f}Z"


def message(number: int) -> dict[str, Any]:
    return {"id": f"me_{number}", "client_id": f"word-{number}", "by": "customer", "text": f"text {number}"}


def changed(state: str, version: int, agent: str | None = None) -> dict[str, Any]:
    return {"state": state, "version": version, "close_reason": None, "enqueued_at": at(0), "agent": agent}


def healthy() -> History:
    """A customer who is connected to agent-0 and says three things that both see."""
    history = History()
    entries: list[list[Any]] = [
        [1, at(0), "handoff.changed", changed("queued", 1)],
        [2, at(1), "handoff.changed", changed("offered", 2)],
        [3, at(2), "handoff.changed", changed("connected", 3, "Agent 0")],
    ]
    for who in ("maya", "agent-0"):
        history.add(who, "welcome", socket=1, cursors={f"own/{who}": 0}, heads={f"own/{who}": 0}, timeline=[])
    opened = {"id": "ho_1", "heads": {TALK: 0}}
    history.add("maya", "event", stream="own/maya", seq=1, at=at(0), type="handoff.opened", data=opened)
    for seq, moment, type_, data in entries[:2]:
        history.add("maya", "event", stream=TALK, seq=seq, at=moment, type=type_, data=data)
    offer = {"id": "of_1", "handoff": "ho_1", "enqueued_at": at(0), "offered_at": at(1), "expires_at": at(26)}
    history.add("agent-0", "event", stream="own/agent-0", seq=1, at=at(1), type="offer.made", data=offer)
    history.add("agent-0", "ask", cmd="offer.accept", id="c1", offer="of_1")
    history.add("agent-0", "answer", cmd="offer.accept", id="c1", code=None, offer="of_1", result={"handoff": "ho_1"})
    ended = {"id": "of_1", "status": "accepted"}
    history.add("agent-0", "event", stream="own/agent-0", seq=2, at=at(2), type="offer.ended", data=ended)
    desk = {"id": "ho_1", "heads": {TALK: 3}, "timeline": [[TALK, seq, type_, data] for seq, _, type_, data in entries]}
    history.add("agent-0", "event", stream="own/agent-0", seq=3, at=at(2), type="handoff.assigned", data=desk)
    history.add("maya", "event", stream=TALK, seq=3, at=at(2), type="handoff.changed", data=entries[2][3])
    for number in (1, 2, 3):
        talk = {"handoff": "ho_1", "client_id": f"word-{number}"}
        entry = [3 + number, at(2 + number), "message.posted", message(number)]
        entries.append(entry)
        history.add("maya", "say", via="socket", text=f"text {number}", **talk)
        history.add("maya", "ack", id=f"me_{number}", seq=3 + number, at=at(2 + number), dropped=False, **talk)
        for who in ("maya", "agent-0"):
            history.add(who, "event", stream=TALK, seq=entry[0], at=entry[1], type=entry[2], data=entry[3])
    for who in ("maya", "agent-0"):
        history.add(who, "final", stream=TALK, head=6, entries=[list(entry) for entry in entries])
        history.add(who, "settled", stream=TALK, cursor=6, head=6)
    return history


def finals(history: History) -> list[list[Any]]:
    return [record["entries"] for record in history.of("final")]


def lose_a_row(history: History) -> None:
    for entries in finals(history):
        entries[4] = [5, at(4), "journey.recorded", {}]


def store_it_twice(history: History) -> None:
    for entries in finals(history):
        entries.append([7, at(7), "message.posted", message(2)])
    for record in history.of("final"):
        record["head"] = 7


def ack_it_differently(history: History) -> None:
    talk = {"handoff": "ho_1", "client_id": "word-1"}
    history.add("maya", "ack", id="me_9", seq=4, at=at(3), dropped=True, **talk)


def leave_out_a_number(history: History) -> None:
    for entries in finals(history):
        del entries[1]


def turn_time_back(history: History) -> None:
    for entries in finals(history):
        entries[5][1] = at(1)


def tell_two_stories(history: History) -> None:
    finals(history)[1][5] = [6, at(5), "message.posted", message(3) | {"text": "another"}]


def read_nothing(history: History) -> None:
    history.records = [record for record in history if record["kind"] != "final"]


def swap_what_was_said(history: History) -> None:
    for record in history:
        if record["kind"] == "ack" and record["client_id"] != "word-1":
            record["seq"] = 11 - record["seq"]


def events(history: History, who: str) -> list[dict[str, Any]]:
    return [record for record in history.of("event", who=who) if record["type"] == "message.posted"]


def skip_one(history: History) -> None:
    history.records.remove(events(history, "agent-0")[1])


def send_one_twice(history: History) -> None:
    history.records.insert(history.records.index(events(history, "maya")[1]), events(history, "maya")[1])


def swap_two(history: History) -> None:
    first, second = (history.records.index(event) for event in events(history, "maya")[:2])
    history.records[first], history.records[second] = history.records[second], history.records[first]


def show_another_text(history: History) -> None:
    events(history, "agent-0")[2]["data"] = message(3) | {"text": "another"}


def stay_behind(history: History) -> None:
    history.records.remove(events(history, "agent-0")[2])
    history.of("settled", who="agent-0")[0]["cursor"] = 5


def see_nothing(history: History) -> None:
    history.records = [record for record in history if record["who"] == "maya" or record["kind"] == "settled"]


def offer_it_to_another(history: History) -> None:
    other = {"id": "of_2", "handoff": "ho_1", "enqueued_at": at(0), "offered_at": at(1.5), "expires_at": at(26)}
    history.add("agent-1", "event", stream="own/agent-1", seq=1, at=at(1.5), type="offer.made", data=other)


def accept_it_twice(history: History) -> None:
    history.add("agent-0", "answer", cmd="offer.accept", id="c2", code=None, offer="of_1", result={"handoff": "ho_1"})


def give_it_to_two(history: History) -> None:
    offer_it_to_another(history)
    history.add("agent-1", "answer", cmd="offer.accept", id="c1", code=None, offer="of_2", result={"handoff": "ho_1"})


def change_owners_in_the_middle(history: History) -> None:
    for entries in finals(history):
        entries[4] = [5, at(4), "handoff.changed", changed("connected", 4, "Agent 1")]


def accept_late(history: History) -> None:
    history.of("event", type="offer.ended")[0]["at"] = at(27)


def accept_what_was_declined(history: History) -> None:
    history.of("event", type="offer.ended")[0]["data"]["status"] = "declined"


@pytest.mark.parametrize(
    ("doctor", "rule", "subject"),
    [
        (lose_a_row, "acked_is_stored", "word-2"),
        (store_it_twice, "stored_once", "word-2"),
        (ack_it_differently, "same_answer", "word-1"),
        (leave_out_a_number, "numbers_have_no_gap", TALK),
        (turn_time_back, "numbers_have_no_gap", TALK),
        (tell_two_stories, "readings_agree", TALK),
        (read_nothing, "acked_logs_are_read", "ho_1"),
        (swap_what_was_said, "order_of_speech", "word-3"),
        (skip_one, "readers_read_in_order", f"agent-0 {TALK}"),
        (skip_one, "readers_see_everything", f"agent-0 {TALK}"),
        (send_one_twice, "readers_read_in_order", f"maya {TALK}"),
        (swap_two, "readers_read_in_order", f"maya {TALK}"),
        (show_another_text, "readers_see_everything", f"agent-0 {TALK}"),
        (stay_behind, "readers_reach_the_end", f"agent-0 {TALK}"),
        (see_nothing, "readers_have_a_view", f"agent-0 {TALK}"),
        (offer_it_to_another, "one_live_offer", "ho_1"),
        (accept_it_twice, "one_winner", "of_1"),
        (give_it_to_two, "one_owner", "ho_1"),
        (change_owners_in_the_middle, "one_owner", "ho_1"),
        (accept_late, "no_late_accept", "of_1"),
        (accept_what_was_declined, "no_late_accept", "of_1"),
    ],
)
def test_a_doctored_history_is_seen_through(doctor: Doctor, rule: str, subject: str) -> None:
    history = healthy()
    doctor(history)
    assert (rule, subject) in {violation.key for violation in check(history)}


def test_a_healthy_history_breaks_nothing() -> None:
    assert check(healthy()) == []


def test_a_reader_may_go_on_from_its_cursor_on_another_socket() -> None:
    history = healthy()
    place = history.records.index(events(history, "maya")[1])
    cursors = {TALK: 4, "own/maya": 1}
    history.add("maya", "welcome", socket=2, cursors=cursors, heads={TALK: 5, "own/maya": 1}, timeline=[])
    history.records.insert(place, history.records.pop())
    assert check(history) == []


def test_a_reader_that_had_to_start_anew_is_judged_from_there_on() -> None:
    history = healthy()
    place = history.records.index(events(history, "maya")[1])
    shown = [[TALK, 5, "message.posted", message(2)]]
    heads = {TALK: 5, "own/maya": 1}
    history.add("maya", "welcome", socket=2, cursors=heads, heads=heads, timeline=shown)
    history.records[place] = history.records.pop()
    assert check(history) == []


def waiting_and_overtaken(*, declined_before: bool) -> History:
    """ho_1 came first and is still in line when ho_2 is offered to agent-0."""
    history = History()
    if declined_before:
        offer = {"id": "of_0", "handoff": "ho_1", "enqueued_at": at(0), "offered_at": at(1), "expires_at": at(26)}
        history.add("agent-0", "event", stream="own/agent-0", seq=1, at=at(1), type="offer.made", data=offer)
    else:
        offer = {"id": "of_0", "handoff": "ho_1", "enqueued_at": at(0), "offered_at": at(20), "expires_at": at(45)}
        history.add("agent-1", "event", stream="own/agent-1", seq=1, at=at(20), type="offer.made", data=offer)
    offer = {"id": "of_2", "handoff": "ho_2", "enqueued_at": at(5), "offered_at": at(10), "expires_at": at(35)}
    history.add("agent-0", "event", stream="own/agent-0", seq=2, at=at(10), type="offer.made", data=offer)
    queued = [
        [1, at(2), "handoff.changed", changed("queued", 1)],
        [2, at(20), "handoff.changed", changed("offered", 2)],
    ]
    history.add("maya", "final", stream=TALK, head=2, entries=queued)
    return history


def test_overtaking_is_seen_unless_the_agent_had_been_offered_the_first_already() -> None:
    assert [found.subject for found in first_in_first_out(waiting_and_overtaken(declined_before=False))] == ["of_2"]
    assert [*first_in_first_out(waiting_and_overtaken(declined_before=True))] == []


def test_the_shortest_history_is_printed() -> None:
    history = healthy()
    lose_a_row(history)
    violation = next(found for found in check(history) if found.rule == "acked_is_stored")
    assert [record["kind"] for record in shortest(history, violation)] == ["ack", "final"]
    told = explain(history, violation)
    assert "me_2" in told
    assert "word-3" in told
    assert "word-1" in told
    with pytest.raises(AssertionError, match="broken promises"):
        assert_kept(history)


def test_only_what_is_near_is_shown_of_a_long_log() -> None:
    history = healthy()
    entries = [[seq, at(9), "journey.recorded", {}] for seq in range(1, 400)]
    for record in history.of("final"):
        record["entries"], record["head"] = entries, 399
    violation = Violation("acked_is_stored", "word-2", "", (5,))
    assert explain(history, violation).count("journey.recorded") == 5


def test_a_history_survives_its_file(tmp_path: Path) -> None:
    with History(tmp_path / "history.jsonl") as history:
        history.add("maya", "say", handoff="ho_1", client_id="word-1", text="é")
    assert History.load(tmp_path / "history.jsonl").records == history.records
