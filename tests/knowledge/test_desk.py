"""What agents read and write: within their reach, never over one another, and with every version kept."""

from __future__ import annotations

from typing import Any

import pytest

from handoff.knowledge.models import Article, CannedReply
from handoff.lib.clock import utc_now
from handoff.staffing.models import Agent, Queue
from tests.conftest import make_agent, make_site

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = {"title": "Refunds", "body": "Two or three days.", "language": "en", "intents": ["dispute-charge"]}
HOSTILE = "<img src=x onerror=alert(1)> {{ 7*7 }} \u202egnol javascript:alert(1)"


@pytest.fixture
def elsewhere(harbour: Any) -> tuple[Agent, Any]:
    """An agent of another queue, which another site's customers are led to."""
    loans = Queue.objects.create(key="loans", name="Loans")
    site = make_site("lender", "Lender", "http://127.0.0.1:8005", "the lender's own secret, 32 bytes and more", loans)
    return make_agent("lena", "Lena", loans), site


def test_an_article_is_written_published_found_and_read(desk, amira, maya) -> None:
    amira_desk = desk(amira)
    made = amira_desk.post("articles", TEXT)
    assert (made.status, made.body["published"], made.body["version"]) == (201, False, 1)
    assert made.body["updated_by"] == "Amira"
    assert maya.get("articles?intent=dispute-charge").body["articles"] == []
    path = f"articles/{made.body['id']}"
    assert amira_desk.post(f"{path}/publish", {"version": 1, "published": True}).body["published"] is True
    assert [one["title"] for one in maya.get("articles?intent=dispute-charge").body["articles"]] == ["Refunds"]
    listed = amira_desk.get("articles?q=refun").body
    assert [one["id"] for one in listed["articles"]] == [made.body["id"]]
    assert {"key": "dispute-charge", "name": "Dispute a charge"} in listed["intents"]
    assert listed["sites"] == [{"key": "harbour", "name": "Harbour Bank"}]
    assert [one["id"] for one in amira_desk.get("articles").body["articles"]] == [made.body["id"]]
    assert amira_desk.post(f"{path}/publish", {"version": 2, "published": False}).status == 200
    assert maya.get("articles?intent=dispute-charge").body["articles"] == []


def test_a_stale_save_changes_nothing(desk, amira, tomas) -> None:
    first, second = desk(amira), desk(tomas)
    made = first.post("articles", TEXT).body
    path = f"articles/{made['id']}"
    assert second.post(path, TEXT | {"body": "Three to five days.", "version": 1}).body["version"] == 2
    refused = first.post(path, TEXT | {"body": "At once.", "version": 1})
    assert (refused.status, refused.code) == (409, "stale_version")
    for way, body in (("publish", {"version": 1, "published": True}), ("restore", {"version": 1, "number": 1})):
        assert first.post(f"{path}/{way}", body).code == "stale_version"
    now = first.get(path).body
    assert (now["body"], now["updated_by"], now["version"]) == ("Three to five days.", "Tomas", 2)
    assert first.post(path, TEXT | {"body": "At once.", "version": 2}).status == 200


def test_every_version_is_kept_and_one_press_brings_it_back(desk, amira, tomas) -> None:
    made = desk(amira).post("articles", TEXT).body
    path = f"articles/{made['id']}"
    desk(tomas).post(path, {"title": "Money back", "body": "New.", "version": 1})
    versions = desk(amira).get(f"{path}/versions").body["versions"]
    assert [(one["number"], one["title"], one["by"]) for one in versions] == [
        (2, "Money back", "Tomas"),
        (1, "Refunds", "Amira"),
    ]
    back = desk(amira).post(f"{path}/restore", {"version": 2, "number": 1}).body
    assert (back["version"], back["title"], back["intents"]) == (3, "Refunds", ["dispute-charge"])
    assert desk(amira).post(f"{path}/restore", {"version": 3, "number": 9}).code == "not_found"
    assert len(desk(amira).get(f"{path}/versions").body["versions"]) == 3


def test_an_agent_reads_and_writes_for_their_own_sites_alone(desk, amira, elsewhere, article) -> None:
    lena, _ = elsewhere
    theirs = article("Loans", sites=("lender",), intents=())
    shared = article("For all")
    assert [one["title"] for one in desk(amira).get("articles").body["articles"]] == ["For all"]
    assert len(desk(lena).get("articles").body["articles"]) == 2
    path = f"articles/{theirs.public_id}"
    for answer in (
        desk(amira).get(path),
        desk(amira).get(f"{path}/versions"),
        desk(amira).post(path, TEXT | {"version": 1}),
        desk(amira).post(f"{path}/publish", {"version": 1, "published": False}),
        desk(amira).post(f"{path}/restore", {"version": 1, "number": 1}),
        desk(amira).post(f"{path}/vote", {"useful": False}),
        desk(amira).get("articles/ar_absent"),
    ):
        assert (answer.status, answer.code) == (404, "not_found")
    for fields in ({"sites": ["lender"]}, {"intents": ["no-such"]}):
        refused = desk(amira).post("articles", TEXT | fields)
        assert (refused.code, refused.body["error"]["fields"]) == ("invalid_request", {next(iter(fields)): "unknown"})
    # A site that was named already stays, whoever saves.
    both = article("Both", sites=("harbour", "lender"))
    saved = desk(amira).post(f"articles/{both.public_id}", TEXT | {"sites": ["harbour", "lender"], "version": 1})
    assert saved.body["sites"] == ["harbour", "lender"]
    assert desk(amira).get(f"articles/{shared.public_id}").status == 200
    assert Article.objects.get(pk=theirs.pk).version == 1


def test_hostile_text_is_kept_as_it_is_and_nothing_else_is_taken(desk, amira, maya) -> None:
    made = desk(amira).post("articles", TEXT | {"title": HOSTILE, "body": HOSTILE, "published": True})
    assert made.status == 201, made.body
    read = maya.get(f"articles/{made.body['id']}").body
    assert (read["title"], read["body"]) == (HOSTILE, HOSTILE)
    for wrong in (
        {"title": ""}, {"title": "  "}, {"title": "two\nlines"}, {"title": "x" * 201}, {"body": ""},
        {"body": "x" * 20_001}, {"body": "nul\x00"}, {"title": 7}, {"language": "<b>"}, {"intents": "all"},
        {"sites": [None]}, {"published": "yes"}, {"body": None},
    ):  # fmt: skip
        assert desk(amira).post("articles", TEXT | wrong).code == "invalid_request", wrong
    assert desk(amira).post("articles", TEXT | {"html": "<b>"}).code == "unknown_field"
    assert Article.objects.count() == 1


def test_a_vote_of_an_agent_is_one(desk, amira, tomas, article) -> None:
    path = f"articles/{article().public_id}/vote"
    assert desk(amira).post(path, {"useful": True}).body["useful"] is True
    desk(amira).post(path, {"useful": False})
    voted = desk(tomas).post(path, {"useful": True}).body
    assert (voted["useful_yes"], voted["useful_no"], voted["useful"]) == (1, 1, True)


def test_nobody_but_agents_gets_in(desk, amira, maya, article, client) -> None:
    made = article()
    for path in ("articles", f"articles/{made.public_id}", "canned"):
        assert maya.get(f"desk/{path}").status in (401, 403)
        assert client.get(f"/api/v1/desk/{path}").status_code == 401
    assert desk(amira).call("POST", "articles", TEXT, origin="http://evil.example").code == "origin_not_allowed"
    amira.user.is_active = False
    amira.user.save()
    assert desk(amira).get("articles").status in (401, 403)


# -- canned replies

REPLY = {"shortcut": "refund-days", "text": "Back in 2-3 days, {customer.first_name}."}


def test_ones_own_reply_is_nobody_elses(desk, amira, tomas) -> None:
    made = desk(amira).post("canned", REPLY)
    assert (made.status, made.body["mine"], made.body["editable"], made.body["queues"]) == (201, True, True, [])
    assert desk(tomas).get("canned").body["replies"] == []
    path = f"canned/{made.body['id']}"
    for answer in (
        desk(tomas).post(path, REPLY | {"version": 1}),
        desk(tomas).call("DELETE", path),
        desk(tomas).post(f"{path}/restore"),
        desk(tomas).post(f"{path}/use"),
    ):
        assert answer.code == "not_found"
    assert desk(amira).post("canned", REPLY).body["error"]["fields"] == {"shortcut": "taken"}
    assert desk(amira).post("canned", REPLY | {"language": "de"}).status == 201
    assert desk(tomas).post("canned", REPLY).status == 201


def test_the_teams_is_written_by_those_of_the_queue_and_every_queues_by_supervisors(desk, amira, tomas, cards) -> None:
    lead = make_agent("lead", "Lead", cards, role="supervisor")
    other = make_agent("olga", "Olga", Queue.objects.create(key="payments", name="Payments"))
    team = REPLY | {"mine": False, "queues": ["cards"]}
    made = desk(amira).post("canned", team)
    assert made.status == 201, made.body
    path = f"canned/{made.body['id']}"
    assert desk(tomas).post(path, team | {"text": "Better.", "version": 1}).body["updated_by"] == "Tomas"
    assert desk(other).get("canned").body["replies"] == []
    assert desk(other).post(path, team | {"version": 2}).code == "not_found"
    assert desk(amira).post("canned", team | {"queues": ["payments"]}).body["error"]["fields"] == {"queues": "unknown"}
    assert desk(amira).post("canned", REPLY | {"mine": False}).code == "forbidden"
    everybody = desk(lead).post("canned", REPLY | {"mine": False, "shortcut": "hello"})
    assert everybody.status == 201
    shown = {one["shortcut"]: one["editable"] for one in desk(other).get("canned").body["replies"]}
    assert shown == {"hello": False}
    assert desk(other).post(f"canned/{everybody.body['id']}", REPLY | {"mine": False, "version": 1}).code == "forbidden"
    assert desk(other).call("DELETE", f"canned/{everybody.body['id']}").code == "forbidden"
    assert desk(other).get("canned").body["every_queue"] is False
    assert desk(lead).get("canned").body["every_queue"] is True


def test_a_deletion_is_undone_and_after_a_month_it_is_not(desk, amira) -> None:
    made = desk(amira).post("canned", REPLY).body
    path = f"canned/{made['id']}"
    assert desk(amira).call("DELETE", path).status == 204
    assert desk(amira).get("canned").body["replies"] == []
    assert desk(amira).call("DELETE", path).code == "not_found"
    assert desk(amira).post(f"{path}/restore").body["text"] == REPLY["text"]
    assert len(desk(amira).get("canned").body["replies"]) == 1
    desk(amira).call("DELETE", path)
    CannedReply.objects.update(deleted_at=utc_now().replace(year=2020))
    again = desk(amira).post("canned", REPLY | {"shortcut": "next"}).body
    desk(amira).call("DELETE", f"canned/{again['id']}")
    assert desk(amira).post(f"{path}/restore").code == "not_found"


def test_those_used_most_stand_first_and_a_stale_save_changes_nothing(desk, amira) -> None:
    first, second = (desk(amira).post("canned", REPLY | {"shortcut": name}).body["id"] for name in ("a", "b"))
    assert desk(amira).post(f"canned/{second}/use").status == 204
    assert [one["id"] for one in desk(amira).get("canned").body["replies"]] == [second, first]
    assert desk(amira).post(f"canned/{first}", REPLY | {"version": 9}).code == "stale_version"
    for wrong in ({"shortcut": "two words"}, {"shortcut": ""}, {"text": ""}, {"text": "x" * 4001}, {"mine": None}):
        assert desk(amira).post("canned", REPLY | wrong).code == "invalid_request"
    assert desk(amira).post("canned", REPLY | {"queues": ["cards"]}).body["error"]["fields"] == {"queues": "invalid"}
