"""What an agent may keep though they could not have written it, and what may not stand twice."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.intents.models import Intent
from handoff.knowledge.models import CannedReply
from handoff.lib.clock import utc_now
from handoff.staffing.models import Queue
from tests.conftest import make_agent, make_site

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_article_keeps_what_another_desk_said_it_is_about(desk, amira) -> None:
    loans = Queue.objects.create(key="loans", name="Loans")
    lender = make_site("lender", "Lender", "http://127.0.0.1:8005", "the lender's own secret, 32 bytes and more", loans)
    Intent.objects.create(site=lender, key="mortgage", label="Mortgage", queue=loans, channels=["chat"])
    lena = make_agent("lena", "Lena", loans)
    text = {"title": "Opening hours", "body": "Nine to five.", "intents": ["mortgage"]}
    made = desk(lena).post("articles", text)
    assert made.status == 201, made.body
    path = f"articles/{made.body['id']}"
    assert desk(amira).post("articles", text).code == "invalid_request"
    saved = desk(amira).post(path, text | {"body": "Nine to six.", "version": 1})
    assert (saved.status, saved.body["body"], saved.body["intents"]) == (200, "Nine to six.", ["mortgage"])


def test_a_reply_does_not_come_back_beside_one_of_its_name(desk, amira) -> None:
    own = desk(amira)
    reply = {"shortcut": "hello", "text": "Hello!"}
    first = own.post("canned", reply).body["id"]
    assert own.call("DELETE", f"canned/{first}").status == 204
    assert own.post("canned", reply).status == 201
    assert own.post(f"canned/{first}/restore", {}).code == "invalid_request"
    assert CannedReply.objects.filter(shortcut="hello", deleted_at=None).count() == 1


def test_a_long_list_of_replies_costs_no_more_queries(desk, amira, cards) -> None:
    def add(number: int) -> None:
        CannedReply.objects.create(shortcut=f"r{number}", text="Hello!", updated_at=utc_now()).queues.set([cards])

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk(amira).get("canned").status == 200
        return len(queries)

    add(0)
    few = asked()
    for number in range(1, 12):
        add(number)
    assert asked() == few
