"""The pages a customer is shown: in their language, in their direction, in the site's looks, from our own origin."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles import finders
from django.test import Client

from handoff.callbacks import links
from handoff.identity.brand import LANGUAGES
from handoff.identity.models import Site
from handoff.lib.colours import derive
from handoff.staffing.models import Agent
from handoff.widget.build import part_path
from handoff.widget.languages import Language, choose
from handoff.widget.words import WORDS, say
from tests.calls.scene import ask_for_callback, desk, known_maya
from tests.conftest import Page
from tests.scripted_phone import ScriptedPhone

__all__ = ["desk", "known_maya"]

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8"/></svg>'


# -- which language


@pytest.mark.parametrize(
    ("asked", "accepted", "default", "tag"),
    [
        ("de", "es", "ar", "de"),
        ("de-AT", "es", "", "de-AT"),
        ("DE", "", "", "DE"),
        ("fr", "es;q=0.5, ar;q=0.9, nl", "de", "ar"),
        ("", "fr, nl;q=0.9, es-MX;q=0.8", "de", "es-MX"),
        ("", "es;q=0, de;q=0.1", "", "de"),
        ("", "fr", "ar", "ar"),
        ("", "", "", "en"),
        ("", "*", "", "en"),
        ("", ", ;q=1, de;q=x, es;q=0.2,", "", "es"),
        ('de"><script>', "es", "", "es"),
        ("de-" + "x" * 9, "", "", "en"),
        ("../de", "de" + "," * 5000 + "es", "", "de"),
        ("zh", "zh-CN,zh;q=0.9", "fr", "en"),
    ],
)
def test_the_page_decides_then_the_browser_then_the_site(asked: str, accepted: str, default: str, tag: str) -> None:
    assert choose(asked=asked, accepted=accepted, default=default).tag == tag


def test_arabic_runs_from_right_to_left() -> None:
    assert [Language(base, base).direction for base in LANGUAGES] == ["ltr", "ltr", "ltr", "rtl"]


# -- what the server says itself


def test_every_language_says_the_same_with_the_same_values() -> None:
    english = WORDS["en"]
    values = {key: set(re.findall(r"{(\w+)}", text)) for key, text in english.items()}
    assert set(WORDS) == set(LANGUAGES)
    for language, texts in WORDS.items():
        assert {key: set(re.findall(r"{(\w+)}", text)) for key, text in texts.items()} == values
        assert language == "en" or not [key for key, text in texts.items() if text == english[key]]


def test_a_value_turns_nothing_around_it() -> None:
    assert say("help", language="en", site="Harbour") == "Harbour help"
    assert say("help", language="en", site="بنك") == "\u2068بنك\u2069 help"
    assert say("help", language="ar", site="Harbour") == "مساعدة \u2068Harbour\u2069"


# -- the frame


@pytest.mark.parametrize(
    ("base", "direction", "bundle"),
    [
        ("en", "ltr", "panel.js"),
        ("de", "ltr", "panel.de.js"),
        ("es", "ltr", "panel.es.js"),
        ("ar", "rtl", "panel.ar.js"),
    ],
)
def test_the_frame_speaks_the_pages_language(harbour: Site, base: str, direction: str, bundle: str) -> None:
    answer = Client().get(f"/widget/frame?site=harbour&lang={base}")
    told = answer.content.decode()
    assert f'<html lang="{base}" dir="{direction}"' in told
    assert f'<script type="module" src="/static/dist/{bundle}"' in told
    assert f'href="/static/{part_path(bundle.replace("panel", "later").removesuffix(".js"))}"' in told
    assert "Accept-Language" in answer["Vary"]


def test_parts_are_asked_for_by_their_builds_name(settings: Any, tmp_path: Path) -> None:
    settings.STATICFILES_DIRS = [("dist", tmp_path)]
    finders.get_finder.cache_clear()
    try:
        assert part_path("later.de") == "dist/later.de.js"
        (tmp_path / "build.json").write_text('{"build": "0123abcd"}')
        assert part_path("later.de") == "dist/later.de-0123abcd.js"
    finally:
        finders.get_finder.cache_clear()


def test_what_a_page_begins_with_is_asked_for_anew_and_its_parts_never(harbour: Site) -> None:
    client = Client()
    kept = {name: client.get(f"/static/{name}")["Cache-Control"] for name in ("dist/panel.js", part_path("later"))}
    assert list(kept.values()) == ["max-age=0, public", "max-age=315360000, public, immutable"]
    missing = client.get("/static/dist/later-00000000.js")
    assert missing.status_code == 404
    assert "immutable" not in missing.get("Cache-Control", "")


def test_the_loaders_second_part_may_be_fetched_from_every_site() -> None:
    answer = Client().get("/widget/show.js")
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (200, "*")
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert b"visualViewport" in answer.content


def test_the_frame_falls_back_to_the_browser_and_to_the_site(harbour: Site) -> None:
    Site.objects.filter(pk=harbour.pk).update(brand={"language": "ar"})
    client = Client()
    tags = [
        re.search(r'<html lang="([^"]+)"', client.get("/widget/frame?site=harbour", headers=headers).content.decode())
        for headers in ({"Accept-Language": "nl, es-MX;q=0.5"}, {"Accept-Language": "nl"}, {})
    ]
    assert [tag and tag[1] for tag in tags] == ["es-MX", "ar", "ar"]


def test_hostile_words_stay_words(harbour: Site) -> None:
    hostile = '"><script>alert(1)</script>{{ 7|add:7 }}'
    brand = {"name": hostile, "texts": {"en": {"greeting": hostile, "launcher": "</script>"}}}
    Site.objects.filter(pk=harbour.pk).update(brand=brand)
    told = Client().get("/widget/frame?site=harbour&lang=%22%3E%3Cscript%3E").content.decode()
    assert told.count("<script") == 1
    assert "14" not in re.sub(r'brand\.css\?[^"]*', "", told)
    texts = re.search(r'data-texts="([^"]*)"', told)
    assert texts
    assert json.loads(texts[1].replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">")) == brand["texts"]["en"]  # type: ignore[index]


# -- the looks


def test_the_colours_come_as_a_style_sheet_of_our_own(harbour: Site) -> None:
    Site.objects.filter(pk=harbour.pk).update(brand={"color": "#fc0"})
    client = Client()
    told = client.get("/widget/frame?site=harbour").content.decode()
    address = re.search(r'href="(/widget/brand\.css[^"]*)"', told)
    assert address
    sheet = client.get(address[1].replace("&amp;", "&"))
    palette = derive("#fc0")
    assert sheet["Content-Type"].startswith("text/css")
    assert "immutable" in sheet["Cache-Control"]
    for part in (palette.fill, palette.on_fill, palette.light.ink, palette.dark.ink, palette.dark.edge):
        assert part in sheet.content.decode()


def test_an_old_address_of_the_colours_is_not_kept(harbour: Site) -> None:
    assert Client().get("/widget/brand.css?site=harbour&v=old")["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("key", ["nobody", "", "%00"])
def test_no_site_has_no_colours(harbour: Site, key: str) -> None:
    assert Client().get(f"/widget/brand.css?site={key}").status_code == 404


def test_a_logo_comes_from_the_brand_folder_alone(harbour: Site, tmp_path: Path, settings: Any) -> None:
    settings.BRAND_ROOT = str(tmp_path / "brand")
    (tmp_path / "brand").mkdir()
    (tmp_path / "brand" / "harbour.svg").write_bytes(SVG)
    (tmp_path / "secret.svg").write_bytes(SVG)
    Site.objects.filter(pk=harbour.pk).update(brand={"logo": "harbour.svg"})
    client = Client()
    assert 'data-logo="/widget/logo/harbour.svg"' in client.get("/widget/frame?site=harbour").content.decode()
    answer = client.get("/widget/logo/harbour.svg")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    for name in ("missing.svg", "..%2Fsecret.svg", "%2e%2e%2fsecret.svg", ".svg", "harbour.svg%00.png", "harbour.txt"):
        assert client.get(f"/widget/logo/{name}").status_code == 404


def test_a_foreign_logo_that_slipped_in_is_not_shown(harbour: Site) -> None:
    Site.objects.filter(pk=harbour.pk).update(brand={"logo": "https://evil.example/logo.svg"})
    assert 'data-logo=""' in Client().get("/widget/frame?site=harbour").content.decode()


# -- a callback's own page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_callbacks_page_speaks_the_readers_language(
    known_maya: Page, phone: ScriptedPhone, amira: Agent, language: str
) -> None:
    path = links.make(ask_for_callback(known_maya).public_id).removeprefix(django_settings.PUBLIC_ORIGIN)
    client = Client(headers={"Accept-Language": f"{language}, en;q=0.1"})
    answer = client.get(path)
    told = answer.content.decode()
    assert f'<html lang="{language}"' in told
    assert say("we_call", language=language, number="..0001") in told
    assert WORDS[language]["later_60"] in told
    assert "Accept-Language" in answer["Vary"]
    assert "/widget/brand.css?" in told
    assert client.post(path, {"do": "later-60"}).status_code == 302
    later = client.get(path).content.decode()
    assert WORDS[language]["on_turn"] not in later
    assert client.post(path, {"do": "nonsense"}).content.decode().count(WORDS[language]["problem.invalid_request"]) == 1
    assert client.post(path, {"do": "cancel"}).status_code == 302
    assert WORDS[language]["no_call"] in client.get(path).content.decode()
