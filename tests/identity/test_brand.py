"""What a site may say of its looks, and what it may not."""

from __future__ import annotations

import pytest

from handoff.identity.brand import brand_problems, color_of, texts_of

WHOLE = {
    "color": "#0b5563",
    "logo": "harbour.svg",
    "name": "Harbour",
    "language": "de",
    "texts": {"de": {"greeting": "Guten Tag {name}, was brauchen Sie?", "launcher": "Hilfe holen"}},
}


def test_a_whole_brand_and_an_empty_one_are_fine() -> None:
    assert (brand_problems(WHOLE), brand_problems({})) == ([], [])


@pytest.mark.parametrize(
    "logo",
    [
        "https://evil.example/logo.svg",
        "//evil.example/logo.svg",
        "../secret.svg",
        "folder/logo.svg",
        "folder\\logo.svg",
        ".logo.svg",
        "logo.svg\n",
        "logo.html",
        "logo",
        "data:image/svg+xml,x.svg",
        "logo%2f.svg",
        "lo\u202ego.svg",
        "x" * 200 + ".svg",
        "",
        7,
        None,
    ],
)
def test_a_logo_is_the_name_of_an_image_of_ours(logo: object) -> None:
    assert [problem[:6] for problem in brand_problems({"logo": logo})] == ["logo: "]


@pytest.mark.parametrize(
    ("brand", "problem"),
    [
        ([], "must be a table"),
        ({"font": "x"}, "knows color, logo, name, language, texts, not font"),
        ({"color": "red"}, "color: must be a colour like #0b5563"),
        ({"color": "#0b5563; background: url(//evil.example)"}, "color: must be a colour like #0b5563"),
        ({"name": "  "}, "name: must have 1 to 60 characters"),
        ({"name": "Harbour\u202eknaB"}, "name: must have no line breaks, control characters or invisible ones"),
        ({"language": "fr"}, "language: must be one of en, de, es, ar"),
        ({"language": ["de"]}, "language: must be one of en, de, es, ar"),
        ({"texts": "hello"}, "texts: must be a table, one for each language"),
        ({"texts": {"fr": {}}}, "texts: knows en, de, es, ar, not fr"),
        ({"texts": {"de": "hello"}}, "texts: de: must be a table"),
        ({"texts": {"de": {"footer": "x"}}}, "texts: de: knows greeting, launcher, not footer"),
        ({"texts": {"de": {"launcher": "x" * 41}}}, "texts: de: launcher: must have 1 to 40 characters"),
        ({"texts": {"de": {"greeting": "Hallo {first}"}}}, "texts: de: greeting: knows {name} alone, in a greeting"),
        ({"texts": {"de": {"launcher": "Hilfe {name}"}}}, "texts: de: launcher: knows {name} alone, in a greeting"),
    ],
)
def test_a_problem_says_where_it_is(brand: object, problem: str) -> None:
    assert brand_problems(brand) == [problem]


def test_every_problem_is_told_at_once() -> None:
    assert len(brand_problems({"color": "red", "logo": "/x", "texts": {"de": {"launcher": ""}}})) == 3


def test_what_is_left_out_has_a_default() -> None:
    assert (color_of({}), color_of(WHOLE)) == ("#0b5563", "#0b5563")
    assert (texts_of(WHOLE, language="de")["launcher"], texts_of(WHOLE, language="es")) == ("Hilfe holen", {})
