"""`apply_config`: articles and canned replies to start with, and never over what agents changed."""

from __future__ import annotations

import string
from collections.abc import Callable
from pathlib import Path

import pytest

from handoff.knowledge import articles, canned
from handoff.knowledge.models import Article, ArticleVersion, CannedReply
from handoff.lib.clock import utc_now
from handoff.staffing.models import Agent
from tests.configuration.desk_file import FULL

pytestmark = pytest.mark.django_db

KNOWN = """
[[articles]]
key = "refunds"
title = "Refunds"
body = '''
Two days.

- in money
'''
language = "en"
intents = ["dispute-charge"]
sites = ["harbour"]

[[canned]]
key = "hello"
text = "Hello {customer.first_name}."
queues = ["cards"]
"""


def test_they_become_rows_and_the_same_twice(apply: Callable[..., str]) -> None:
    told = apply(FULL + KNOWN)
    assert "created article refunds" in told
    assert "created canned reply hello" in told
    article, reply = Article.objects.get(), CannedReply.objects.get()
    assert (article.title, article.body, article.is_published) == ("Refunds", "Two days.\n\n- in money", True)
    assert (articles.intent_keys(article), articles.site_keys(article)) == (["dispute-charge"], ["harbour"])
    assert (reply.shortcut, reply.owner, canned.queue_keys(reply)) == ("hello", None, ["cards"])
    assert apply(FULL + KNOWN) == "nothing changed\n"


def test_the_file_is_followed_until_an_agent_has_changed_it(apply: Callable[..., str]) -> None:
    apply(FULL + KNOWN)
    changed = KNOWN.replace("Two days.", "Three days.").replace("Hello", "Welcome")
    assert apply(FULL + changed).splitlines() == [
        "changed article refunds: as the file has it",
        "changed canned reply hello: as the file has it",
    ]
    assert ArticleVersion.objects.count() == 2
    amira, article = Agent.objects.get(name="Amira"), Article.objects.get()
    wording = articles.Wording("Refunds", "By Amira.", "en", ("dispute-charge",), ("harbour",))
    articles.save(amira, article.public_id, wording, version=2, now=utc_now())
    canned.delete(amira, CannedReply.objects.get().public_id, now=utc_now())
    assert apply(FULL + KNOWN) == "nothing changed\n"
    assert Article.objects.get().body == "By Amira."
    assert CannedReply.objects.get().deleted_at is not None


def test_what_is_wrong_is_told_with_its_place(problems: Callable[[str], list[str]]) -> None:
    wrong = """
[[articles]]
key = "a"
title = "two\\nlines"
intents = ["no-such"]
sites = ["nowhere"]
language = "<b>"

[[articles]]
key = "a"
title = "x"
body = ""

[[canned]]
key = "c"
queues = ["no-queue"]
html = "x"
"""
    told = problems(FULL + wrong)
    assert told == [
        "articles[0]: title: must have no line breaks, control characters or invisible ones",
        "articles[0]: language: must be empty, or a language like en or de-AT",
        "articles[1]: body: must have 1 to 20000 characters",
        "articles[1]: key: 'a' is also the key of articles[0]",
        "canned[0]: html: is unknown; known are key, language, queues, shortcut, text, title",
        "articles[0]: body: is missing",
        "articles[0]: intents: there is no 'no-such' in this file or in the deployment",
        "articles[0]: sites: there is no 'nowhere' in this file or in the deployment",
        "canned[0]: text: is missing",
        "canned[0]: queues: there is no 'no-queue' in this file or in the deployment",
    ]


def test_the_bank_of_the_demo_has_both_in_two_languages(apply: Callable[..., str]) -> None:
    template = string.Template((Path(__file__).parents[2] / "examples/harbour_bank/handoff.toml").read_text())
    passwords = dict.fromkeys(("amira_password", "tomas_password", "admin_password"), "correct horse battery")
    text = template.safe_substitute(passwords, example_port="8001", hmac_secret="x" * 32)
    apply(text)
    assert apply(text) == "nothing changed\n"
    languages = list(Article.objects.values_list("language", flat=True))
    assert languages.count("en") == languages.count("de") == 4
    assert CannedReply.objects.filter(owner=None, language="de").count() == 3
    assert Article.objects.filter(intents=None).count() == 0
