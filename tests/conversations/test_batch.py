"""The one door for messages: many senders at once, each with its own answer, and no number left out."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection

from handoff.conversations import batch
from handoff.conversations.batch import Batcher, batcher
from handoff.conversations.judging import Send
from handoff.flows import end_talk
from handoff.lib.errors import DomainError
from handoff.realtime import engines, log, streams
from handoff.realtime.log import Outcome, Status
from handoff.realtime.models import LogEntry, Stream
from tests.conftest import Page
from tests.scenes import at_once, close

pytestmark = pytest.mark.django_db(transaction=True)

Told = Outcome | DomainError


def message(page: Page, handoff: str, client_id: str, text: str = "hello") -> Send:
    return Send.of(
        handoff_id=handoff, author_kind="customer", author_id=page.customer["id"], client_id=client_id, text=text
    )


def by_agent(agent, handoff: str, client_id: str, text: str = "hello") -> Send:
    return Send.of(handoff_id=handoff, author_kind="agent", author_id=agent.public_id, client_id=client_id, text=text)


def told(send: Send) -> Told:
    try:
        return batcher.send(send)
    except DomainError as refused:
        return refused


def code_of(answer: Told) -> str:
    return answer.code if isinstance(answer, DomainError) else answer.status.value


def send_in_one_batch(sends: list[Send]) -> list[Told]:
    """All of them waiting when the writer looks, so that they share a transaction."""
    own, answers = Batcher(), {}
    held, release, done = threading.Event(), threading.Event(), threading.Event()

    def hold(_: Told) -> None:
        held.set()
        release.wait(15)

    def take(place: int) -> Callable[[Told], None]:
        def put(answer: Told) -> None:
            answers[place] = answer
            if len(answers) == len(sends):
                done.set()

        return put

    own.submit(message_with(sends[0], "nobody is asked", handoff_id="ho_absent"), hold)
    assert held.wait(15)
    for place, send in enumerate(sends):
        own.submit(send, take(place))
    release.set()
    assert done.wait(15)
    return [answers[place] for place in range(len(sends))]


def stored() -> dict[tuple[str, str], list[LogEntry]]:
    """Messages by stream and client id."""
    found = defaultdict(list)
    for entry in LogEntry.objects.select_related("stream").filter(type="message.posted"):
        found[entry.stream.name, entry.client_id].append(entry)
    return found


def assert_gapless() -> None:
    for stream in Stream.objects.all():
        seqs = list(stream.entries.order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, stream.last_seq + 1)), stream.name
        times = list(stream.entries.order_by("seq").values_list("at", flat=True))
        assert times == sorted(times), stream.name


def test_many_senders_with_repeats_and_conflicts_each_get_the_answer_of_their_row(talks) -> None:
    """R2: 30 % are sent again, some of them with another text."""
    chance = random.Random(7)
    sends = [message(tab, handoff, f"m{n}", f"line {n}") for tab, handoff in talks for n in range(20)]
    again = [send for send in sends if chance.random() < 0.3]
    other = [message_with(send, "another text") for send in chance.sample(sends, 12)]
    everything = sends + again + other
    chance.shuffle(everything)
    parts = [everything[start::8] for start in range(8)]
    answers = at_once([lambda part=part: [(send, told(send)) for send in part] for part in parts])
    rows = stored()
    assert {len(found) for found in rows.values()} == {1}
    for send, answer in (pair for part in answers for pair in part):
        row = rows[send.stream, send.client_id][0]
        if isinstance(answer, DomainError):
            assert answer.code == "idempotency_conflict"
            assert row.data["text"] != send.text
        else:
            assert (answer.id, answer.seq) == (row.data["id"], row.seq)
            assert row.data["text"] == send.text
    kinds = Counter(code_of(answer) for part in answers for _, answer in part)
    assert kinds["stored"] == len(rows) == 120
    assert_gapless()


def message_with(send: Send, text: str, *, handoff_id: str = "") -> Send:
    return Send(handoff_id or send.handoff_id, send.author_kind, send.author_id, send.client_id, text)


def test_repeats_and_conflicts_within_one_transaction(talks) -> None:
    tab, handoff = talks[0]
    answers = send_in_one_batch(
        [
            message(tab, handoff, "m1"),
            message(tab, handoff, "m1"),
            message(tab, handoff, "m1", "another"),
            message(tab, handoff, "m2"),
            message(tab, talks[1][1], "m1"),
        ]
    )
    assert [code_of(one) for one in answers] == ["stored", "repeat", "idempotency_conflict", "stored", "not_found"]
    assert (answers[0].id, answers[0].seq, answers[0].at) == (answers[1].id, answers[1].seq, answers[1].at)
    assert answers[3].seq == answers[0].seq + 1
    assert_gapless()


def test_the_order_of_one_sender_is_kept_within_a_batch(talks) -> None:
    tab, handoff = talks[0]
    answers = send_in_one_batch([message(tab, handoff, f"m{n}") for n in range(150)])
    seqs = [answer.seq for answer in answers]
    assert seqs == list(range(seqs[0], seqs[0] + 150))


def test_closed_handoffs_among_open_ones_are_refused_alone(talks, amira) -> None:
    close(amira, talks[0][1])
    answers = send_in_one_batch([message(tab, handoff, "m1") for tab, handoff in talks])
    assert [code_of(one) for one in answers] == ["handoff_closed"] + ["stored"] * 5
    assert_gapless()


def test_a_repeat_of_what_was_said_before_the_end_is_still_acked(talks, amira) -> None:
    tab, handoff = talks[0]
    first = told(message(tab, handoff, "m1"))
    close(amira, handoff)
    again = told(message(tab, handoff, "m1"))
    assert code_of(again) == "repeat"
    assert (first.id, first.seq, first.at) == (again.id, again.seq, again.at)
    assert code_of(told(message(tab, handoff, "m1", "another"))) == "idempotency_conflict"


def test_only_the_owner_writes_for_the_desk(talks, amira, tomas) -> None:
    _, handoff = talks[0]
    sends = [by_agent(amira, handoff, "a1"), by_agent(tomas, handoff, "t1"), by_agent(amira, "ho_absent", "a2")]
    assert [code_of(one) for one in send_in_one_batch(sends)] == ["stored", "not_found", "not_found"]
    close(amira, handoff)
    assert code_of(told(by_agent(amira, handoff, "a3"))) == "not_found"


def test_nobody_writes_under_another_customers_name(talks) -> None:
    (tab, own), (_, foreign) = talks[:2]
    absent = told(message(tab, "ho_absent", "m1"))
    other = told(message(tab, foreign, "m1"))
    as_agent = told(Send.of(handoff_id=own, author_kind="agent", author_id=tab.customer["id"], client_id="x", text="t"))
    assert [(one.code, one.message, one.fields) for one in (other, as_agent)] == [
        (absent.code, absent.message, absent.fields)
    ] * 2


class Poison:
    """A database that refuses to store one text."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
        self.write, self.error, self.tries = engines.write, error, 0
        monkeypatch.setattr(engines, "write", self)

    def __call__(self, fresh, rows) -> None:
        self.write(fresh, rows)
        if any(row.entry.data["text"] == "poison" for row in fresh):
            self.tries += 1
            raise self.error("this row cannot be stored")


@pytest.mark.parametrize("error", [DatabaseError, ValueError])
def test_one_bad_row_refuses_itself_alone(talks, monkeypatch, error) -> None:
    poison = Poison(monkeypatch, error)
    sends = [message(tab, handoff, f"m{n}") for n in range(5) for tab, handoff in talks]
    sends[13] = message_with(sends[13], "poison")
    answers = send_in_one_batch(sends)
    assert [code_of(one) for one in answers] == ["stored"] * 13 + ["not_saved"] + ["stored"] * 16
    assert poison.tries <= 6
    rows = stored()
    assert (sends[13].stream, sends[13].client_id) not in rows
    for send, answer in zip(sends, answers, strict=True):
        if isinstance(answer, Outcome):
            assert rows[send.stream, send.client_id][0].seq == answer.seq
    assert_gapless()


def test_what_was_not_saved_can_be_sent_again(talks, monkeypatch) -> None:
    tab, handoff = talks[0]
    with monkeypatch.context() as patch:
        Poison(patch, DatabaseError)
        assert code_of(told(message(tab, handoff, "m1", "poison"))) == "not_saved"
    assert code_of(told(message(tab, handoff, "m1", "poison"))) == "stored"
    assert_gapless()


def test_nothing_is_announced_that_was_not_committed(talks, monkeypatch) -> None:
    announced: list[str] = []
    monkeypatch.setattr(log.hub, "announce", lambda entries: announced.extend(e.data["text"] for e in entries))
    Poison(monkeypatch, DatabaseError)
    tab, handoff = talks[0]
    send_in_one_batch([message(tab, handoff, "m1", "fine"), message(tab, handoff, "m2", "poison")])
    assert announced == ["fine"]


def test_ends_and_messages_that_race_leave_nothing_after_the_end(talks, amira) -> None:
    """The stream's row orders a message against the move that closes."""
    for _, handoff in talks:
        end_talk.end_by_agent(amira, handoff, version=None)

    def wrap_up(handoff: str) -> None:
        time.sleep(random.random() / 50)
        end_talk.wrap_up(amira, handoff, disposition="resolved", note="", version=None)

    sending = [
        lambda tab=tab, handoff=handoff: [told(message(tab, handoff, f"m{n}")) for n in range(30)]
        for tab, handoff in talks
    ]
    results = at_once([*sending, *(lambda handoff=handoff: wrap_up(handoff) for _, handoff in talks)])
    rows = stored()
    for (_, handoff), answers in zip(talks, results[:6], strict=True):
        codes = [code_of(one) for one in answers]
        kept = codes.count("stored")
        assert codes == ["stored"] * kept + ["handoff_closed"] * (30 - kept)
        last = LogEntry.objects.filter(stream__name=streams.handoff(handoff)).latest("seq")
        assert last.data.get("state") == "closed"
        assert sum(name == streams.handoff(handoff) for name, _ in rows) == kept
    assert_gapless()


def test_two_writers_in_two_processes_number_one_stream_without_gaps(talks) -> None:
    tab, handoff = talks[0]
    writers = [Batcher(), Batcher()]
    calls = [
        lambda writer=writer, n=n: writer.send(message(tab, handoff, f"m{n}")) for n in range(10) for writer in writers
    ]
    answers = at_once(calls)
    by_number = [answers[place : place + 2] for place in range(0, 20, 2)]
    for pair in by_number:
        assert {one.status for one in pair} == {Status.STORED, Status.REPEAT}
        assert pair[0].seq == pair[1].seq
    assert_gapless()


def test_a_full_backlog_is_told_to_come_back(talks, monkeypatch) -> None:
    monkeypatch.setattr(batch, "BACKLOG_LIMIT", 0)
    tab, handoff = talks[0]
    assert code_of(told(message(tab, handoff, "m1"))) == "not_saved"


def test_text_is_redacted_and_checked_before_it_waits(talks) -> None:
    tab, handoff = talks[0]
    assert message(tab, handoff, "m1", "my card 4111 1111 1111 1111").text == "my card [card ..1111]"
    for text, code in (("", "invalid_request"), (" \n", "invalid_request"), ("x" * 4001, "too_long")):
        with pytest.raises(DomainError) as refused:
            message(tab, handoff, "m1", text)
        assert refused.value.code == code


class Watched:
    """The writer's connection; says when it was given back."""

    def __init__(self) -> None:
        self.was_closed = threading.Event()

    def close(self) -> None:
        connection.close()
        self.was_closed.set()


def test_the_writer_gives_an_idle_connection_back(talks, monkeypatch) -> None:
    watched = Watched()
    monkeypatch.setattr(batch, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(batch, "connection", watched)
    own = Batcher()
    tab, handoff = talks[0]
    own.send(message(tab, handoff, "m1"))
    assert watched.was_closed.wait(3)
    assert own.send(message(tab, handoff, "m2")).status is Status.STORED


def test_what_comes_again_at_once_is_told_again_to_whoever_has_not_heard(talks, monkeypatch) -> None:
    """Its writer may have ended after the commit, before it said a word of it."""
    tab, handoff = talks[0]
    announced: list[str] = []
    first = told(message(tab, handoff, "m1", "once"))
    monkeypatch.setattr(log.hub, "announce", lambda entries: announced.extend(e.data["text"] for e in entries))
    again = told(message(tab, handoff, "m1", "once"))
    assert (code_of(again), again.seq, announced) == ("repeat", first.seq, ["once"])
    # What is refused is told to nobody.
    assert code_of(told(message(tab, handoff, "m1", "another"))) == "idempotency_conflict"
    assert announced == ["once"]
