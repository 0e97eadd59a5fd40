"""The pictures in the docs: each that is shown is there, and each that is there is taken by the one command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from deploy import screens
from deploy.pictures import STILL_BYTES, TOUR_BYTES
from deploy.shell import ROOT

SHOWN = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")])


def _shown(page: Path) -> list[Path]:
    named = [target for target in SHOWN.findall(page.read_text()) if "://" not in target]
    return [(page.parent / target).resolve() for target in named]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_picture_that_a_page_shows_is_there_and_has_words_for_it(page: Path) -> None:
    assert [path.name for path in _shown(page) if not path.is_file()] == []
    assert "![](" not in page.read_text()


def test_the_command_takes_every_picture_and_no_other_is_kept() -> None:
    assert {path.name for path in screens.FOLDER.iterdir()} == screens.names()


def test_no_picture_is_taken_for_nothing() -> None:
    shown = {path.name for page in PAGES for path in _shown(page)}
    assert screens.names() <= shown


@pytest.mark.parametrize("name", sorted(screens.names()))
def test_a_picture_is_small_and_is_one(name: str) -> None:
    path = screens.FOLDER / name
    assert path.stat().st_size <= (TOUR_BYTES if name == screens.TOUR else STILL_BYTES)
    with Image.open(path) as image:
        assert image.width >= 390
        assert (getattr(image, "n_frames", 1) > 5) == (name == screens.TOUR)
