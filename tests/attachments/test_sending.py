"""A message carries files: once, whole or not at all, and what nobody sends is forgotten."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.attachments import actions, storage
from handoff.attachments.links import Reader
from handoff.attachments.models import Attachment, Status
from handoff.broker.models import Handoff
from handoff.conversations.batch import _write
from handoff.conversations.judging import Send
from handoff.flows.erase_customer import erase_customer
from handoff.identity.models import Customer
from handoff.lib.errors import DomainError, NotFound
from handoff.realtime.clock import database_now
from handoff.realtime.models import LogEntry
from handoff.realtime.threads import in_database
from tests.attachments.files import PDF, desk_link, fetch, image, link, send, send_from_desk, stored_files
from tests.conftest import Answer, Page
from tests.scenes import at_once, connect, tables_that_hold
from tests.serving import Serving

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture
def talk(maya, amira) -> str:
    return connect(maya, amira)


def say(page: Page, handoff_id: str, *ids: str, client_id: str = "a-message", text: str = "") -> Answer:
    return page.post(f"handoffs/{handoff_id}/messages", {"client_id": client_id, "text": text, "attachments": [*ids]})


def posted(page: Page, handoff_id: str) -> list[dict[str, Any]]:
    events = page.get(f"handoffs/{handoff_id}/events").body["events"]
    return [event["data"] for event in events if event["type"] == "message.posted"]


def test_a_message_tells_what_it_carries_in_the_order_given(maya, talk) -> None:
    photo, terms = send(maya, talk, image()).body, send(maya, talk, PDF, "terms.pdf").body
    assert say(maya, talk, terms["id"], photo["id"]).status == 201
    [message] = posted(maya, talk)
    assert message["text"] == ""
    assert message["attachments"] == [terms, photo]
    assert Attachment.objects.filter(status=Status.SENT).count() == 2
    # And one without files says nothing of them.
    maya.post(f"handoffs/{talk}/messages", {"client_id": "b-message", "text": "hello"})
    assert "attachments" not in posted(maya, talk)[-1]


def test_a_repeat_is_the_same_message_and_another_file_is_another(maya, talk) -> None:
    first, second = send(maya, talk, PDF).body["id"], send(maya, talk, PDF).body["id"]
    stored = say(maya, talk, first, text="here")
    assert stored.status == 201
    again = say(maya, talk, first, text="here")
    assert (again.status, again.body) == (200, stored.body)
    assert say(maya, talk, second, text="here").code == "idempotency_conflict"
    assert say(maya, talk, text="here").code == "idempotency_conflict"
    assert say(maya, talk, first, client_id="another").code == "attachment_gone"
    assert len(posted(maya, talk)) == 1
    # The one that was refused is still there to be sent.
    assert say(maya, talk, second, client_id="another").status == 201


@pytest.mark.parametrize(
    "ids", [["at_x"] * 2, [f"at_{number}" for number in range(11)], ["x" * 41], [7], "at_x", ["\0"]]
)
def test_malformed_lists_are_refused(maya, talk, ids: Any) -> None:
    body = {"client_id": "a-message", "text": "hello", "attachments": ids}
    assert maya.post(f"handoffs/{talk}/messages", body).code == "invalid_request"


def test_an_empty_message_carries_something(maya, talk) -> None:
    assert say(maya, talk).code == "invalid_request"
    assert say(maya, talk, "at_absent").code == "attachment_gone"


def test_a_file_of_the_other_side_is_not_ones_own(maya, talk, desk, amira) -> None:
    theirs = send_from_desk(desk, talk, PDF).body["id"]
    assert say(maya, talk, theirs).code == "attachment_gone"
    own = Send.of(
        handoff_id=talk, author_kind="agent", author_id=amira.public_id, client_id="a", text="", attachments=[theirs]
    )
    _write([own])
    assert posted(maya, talk)[-1]["attachments"][0]["id"] == theirs
    assert fetch(link(maya, talk, theirs).body["url"])[0] == 200


async def test_both_sides_send_files_over_their_sockets(maya, talk, amira, desk, serving: Serving) -> None:
    photo = await in_database(lambda: send(maya, talk, image()).body)
    terms = await in_database(lambda: send_from_desk(desk, talk, PDF).body)
    customer, agent = await serving.customer(maya), await serving.agent(desk)
    for socket, file in ((customer, photo), (agent, terms)):
        frame = {"cmd": "message.send", "id": "1", "handoff": talk, "client_id": file["id"], "text": ""}
        await socket.say(frame | {"attachments": [file["id"]]})
    for socket in (customer, agent):
        seen = await socket.until(lambda frame: frame.get("data", {}).get("client_id") == photo["id"])
        assert seen["data"]["attachments"] == [photo]
        seen = await socket.until(lambda frame: frame.get("data", {}).get("client_id") == terms["id"])
        assert seen["data"]["attachments"] == [terms]


def sends_of(maya: Page, talk: str, count: int, *ids: str) -> list[Send]:
    return [
        Send.of(
            handoff_id=talk,
            author_kind="customer",
            author_id=maya.customer["id"],
            client_id=f"message-{number}",
            text="hello",
            attachments=ids,
        )
        for number in range(count)
    ]


def test_two_messages_of_one_batch_do_not_send_the_same_file(maya, talk) -> None:
    file = send(maya, talk, PDF).body["id"]
    first, second = _write(sends_of(maya, talk, 2, file))
    assert not isinstance(first, DomainError)
    assert isinstance(second, DomainError)
    assert second.code == "attachment_gone"


def test_a_repeat_within_a_batch_is_a_repeat(maya, talk) -> None:
    file = send(maya, talk, PDF).body["id"]
    [one] = sends_of(maya, talk, 1, file)
    first, second = _write([one, one])
    assert (first.id, first.seq) == (second.id, second.seq)  # type: ignore[union-attr]
    assert len(posted(maya, talk)) == 1


def test_at_once_a_file_goes_out_once(maya, talk) -> None:
    file = send(maya, talk, PDF).body["id"]
    writes = [lambda one=one: _write([one])[0] for one in sends_of(maya, talk, 6, file)]
    answers = at_once(writes)
    assert sorted(isinstance(answer, DomainError) for answer in answers) == [False] + [True] * 5


def test_messages_without_files_ask_the_database_nothing_more(maya, talk) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        _write(sends_of(maya, talk, 5))
    assert not [query for query in asked.captured_queries if "handoff_attachment" in query["sql"]]
    file = send(maya, talk, PDF).body["id"]
    with CaptureQueriesContext(connection) as more:
        _write([sends_of(maya, talk, 7, file)[6]])
    assert len([query for query in more.captured_queries if "handoff_attachment" in query["sql"]]) == 2


def test_at_once_no_more_are_kept_than_a_handoff_holds(maya, talk, settings, root) -> None:
    settings.HANDOFF_ATTACHMENT_COUNT = 3
    answers = at_once([lambda: send(maya, talk, PDF) for _ in range(6)])
    assert sorted(answer.status for answer in answers) == [201] * 3 + [409] * 3
    assert len(stored_files(root)) == Attachment.objects.count() == 3


def test_what_nobody_sends_is_forgotten_after_a_day(maya, talk, root) -> None:
    sent, kept = send(maya, talk, PDF).body["id"], send(maya, talk, PDF).body["id"]
    say(maya, talk, sent)
    now = database_now()
    assert actions.sweep(now=now + DAY - timedelta(seconds=5)) == 0
    assert actions.sweep(now=now + DAY + timedelta(seconds=5)) == 1
    assert [row.public_id for row in Attachment.objects.all()] == [sent]
    assert len(stored_files(root)) == 1
    assert say(maya, talk, kept, client_id="too-late").code == "attachment_gone"
    assert actions.sweep(now=now + DAY * 400) == 0


def test_an_upload_that_died_is_swept(maya, talk, root, monkeypatch) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(storage, "save", die)
    monkeypatch.setattr(actions, "_discard", die)
    with pytest.raises(KeyboardInterrupt):
        send(maya, talk, PDF)
    monkeypatch.undo()
    assert Attachment.objects.get().status == Status.ARRIVING
    assert actions.sweep(now=database_now() + timedelta(minutes=59)) == 0
    assert actions.sweep(now=database_now() + timedelta(minutes=61)) == 1
    assert not Attachment.objects.exists()


def test_a_file_that_cannot_be_removed_is_tried_again(maya, talk, root, monkeypatch) -> None:
    file = send(maya, talk, PDF).body["id"]

    def fail(_: str) -> None:
        raise OSError("the disk is away")

    with monkeypatch.context() as broken:
        broken.setattr(storage, "remove", fail)
        assert maya.call("DELETE", f"handoffs/{talk}/attachments/{file}").status == 204
    assert (Attachment.objects.get().status, len(stored_files(root))) == (Status.DROPPED, 1)
    assert actions.sweep(now=database_now()) == 1
    assert stored_files(root) == []


def test_a_store_that_fails_keeps_no_row(maya, talk, root, monkeypatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(storage, "save", fail)
    answer = send(maya, talk, PDF)
    assert (answer.status, answer.code) == (503, "not_saved")
    assert not Attachment.objects.exists()


# -- erasing, and becoming somebody


def everything_in(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in stored_files(root))


def test_erasing_a_customer_takes_their_files_and_those_they_were_sent(page, amira, desk, root) -> None:
    tab = page()
    tab.open(tab.token(sub="quokka-7"))
    talk = connect(tab, amira)
    for name in ("quokka-1.txt", "quokka-2.txt"):
        file = send(tab, talk, b"a quokka", name).body["id"]
    say(tab, talk, file)
    send_from_desk(desk, talk, b"about the quokka", "quokka-3.txt")
    url = link(tab, talk, file).body["url"]
    assert len(stored_files(root)) == 3
    call_command("erase_customer", "harbour", "quokka-7")
    assert tables_that_hold(re.compile("quokka", re.IGNORECASE)) == []
    assert stored_files(root) == []
    assert not Attachment.objects.exists()
    assert fetch(url)[0] == 404


def test_a_crash_after_the_erasing_leaves_the_files_to_the_sweep(maya, talk, root, monkeypatch) -> None:
    say(maya, talk, send(maya, talk, b"secret", "secret.txt").body["id"])
    with monkeypatch.context() as dying:
        dying.setattr(actions, "_discard_dropped", lambda _: None)
        erase_customer(Customer.objects.get(public_id=maya.customer["id"]))
    assert Attachment.objects.get().name == ""
    assert everything_in(root) == b"secret"
    actions.sweep(now=database_now())
    assert stored_files(root) == []


def test_a_file_that_arrives_while_its_customer_is_erased_is_not_kept(maya, talk, root, monkeypatch) -> None:
    real = storage.save

    def erase_first(file: Any, *, name: str) -> None:
        erase_customer(Customer.objects.get(public_id=maya.customer["id"]))
        real(file, name=name)

    monkeypatch.setattr(storage, "save", erase_first)
    handoff = Handoff.objects.get(public_id=talk)
    with (root.parent / "late.pdf").open("w+b") as file:
        file.write(PDF)
        author = Reader("customer", maya.customer["id"])
        with pytest.raises(NotFound):
            actions.take_in(handoff, author=author, name="late.pdf", file=file, size=len(PDF))
    assert stored_files(root) == []
    assert not Attachment.objects.exists()


def test_a_stranger_who_signs_in_keeps_their_files(page, amira, desk) -> None:
    tab = page()
    tab.open()
    talk = connect(tab, amira)
    sent, kept = send(tab, talk, PDF).body["id"], send(tab, talk, PDF).body["id"]
    say(tab, talk, sent)
    assert tab.open(tab.token(sub="maya-1")).status == 200
    assert fetch(link(tab, talk, sent).body["url"])[0] == 200
    assert say(tab, talk, kept, client_id="later").status == 201
    again = say(tab, talk, sent)
    assert again.status == 200, "the same message under the new identity is the same"


def test_files_of_a_handoff_that_is_merged_are_read_in_the_one_that_stays(page, amira) -> None:
    signed, tab = page(), page()
    signed.open(signed.token(sub="maya-1"))
    stays = connect(signed, amira)
    tab.open()
    talk = tab.ask().body["id"]
    sent = send(tab, talk, PDF).body["id"]
    say(tab, talk, sent)
    assert tab.open(tab.token(sub="maya-1")).status == 200
    [message] = posted(tab, stays)
    assert message["attachments"][0]["id"] == sent
    assert fetch(link(tab, stays, sent).body["url"])[0] == 200


def test_older_messages_are_known_by_the_hash_they_had(maya, talk) -> None:
    """A client may repeat after the upgrade what it sent before."""
    from handoff.realtime import log

    maya.post(f"handoffs/{talk}/messages", {"client_id": "plain", "text": "hello"})
    assert LogEntry.objects.get(client_id="plain").body_hash == log.body_hash("hello")


def test_the_sweep_and_a_send_at_once_agree(maya, talk, root) -> None:
    """Whoever comes first has the file; never is one sent whose file is gone."""
    for number in range(4):
        file = send(maya, talk, PDF).body["id"]
        one = sends_of(maya, talk, number + 1, file)[number]
        late = database_now() + DAY * 2
        answer, _ = at_once([lambda one=one: _write([one])[0], lambda late=late: actions.sweep(now=late)])
        row = Attachment.objects.filter(public_id=file).first()
        if isinstance(answer, DomainError):
            assert row is None
        else:
            assert row is not None
            assert (row.status, storage.has(row.storage_name)) == (Status.SENT, True)
    assert len(stored_files(root)) == Attachment.objects.count()


def test_a_desk_link_follows_its_handoff(maya, talk, desk) -> None:
    file = send(maya, talk, image()).body["id"]
    say(maya, talk, file)
    status, headers, content = fetch(desk_link(desk, talk, file).body["url"])
    assert (status, headers["Content-Type"], content[:4]) == (200, "image/png", b"\x89PNG")
    assert headers["Content-Disposition"] == 'inline; filename="receipt.png"'
