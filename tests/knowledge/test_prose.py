"""Plain text becomes paragraphs and lists, and never anything else."""

from __future__ import annotations

import pytest

from handoff.knowledge.prose import Block, blocks_of

HOSTILE = "<script>alert(1)</script> {{ 7|add:7 }} javascript:alert(1) https://ok.example/a?b=<b> http://x\"onclick='1"


def test_empty_lines_part_paragraphs_and_marks_make_lists() -> None:
    text = "One\nline more\n\n\nTwo\n- a\n-   b\n• c\n1. first\n2) second\n-no list\n  \n"
    assert blocks_of(text) == [
        Block("p", ("One", "line more")),
        Block("p", ("Two",)),
        Block("ul", ("a", "b", "c")),
        Block("ol", ("first", "second")),
        Block("p", ("-no list",)),
    ]
    assert blocks_of("") == []


@pytest.mark.django_db
def test_the_page_of_an_article_shows_hostile_text_as_text(client, article) -> None:
    one = article(HOSTILE, f"{HOSTILE}\n\n- {HOSTILE}", sites=("harbour",))
    page = client.get(f"/articles/{one.public_id}")
    body = page.content.decode()
    assert page.status_code == 200
    assert "<script" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body
    assert "{{ 7|add:7 }}" in body
    assert 'href="javascript' not in body
    assert "'1\"" not in body
    assert 'href="https://ok.example/a' in body
    assert "Harbour Bank" in body
    assert "script-src" not in page["Content-Security-Policy"]
    assert "default-src 'none'" in page["Content-Security-Policy"]


@pytest.mark.django_db
def test_a_draft_has_no_page(client, article) -> None:
    assert client.get(f"/articles/{article(is_published=False).public_id}").status_code == 404
    assert client.get("/articles/ar_absent").status_code == 404
    assert client.get("/articles/a%00b").status_code == 404
    assert client.post(f"/articles/{article().public_id}").status_code == 405
