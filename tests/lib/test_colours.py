"""Whatever a site's colour, what stands on it and beside it can be read."""

from __future__ import annotations

import colorsys
import itertools
import random
import re

import pytest

from deploy.shell import ROOT
from handoff.lib.colours import DARK, LIGHT, OUTLINE, TEXT, Palette, Room, Shades, contrast, derive

STEPS = range(0, 256, 25)
GRID = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in itertools.product(STEPS, STEPS, STEPS)]
_random = random.Random(5)
SAMPLES = [*GRID, *(f"#{_random.randrange(1 << 24):06x}" for _ in range(500))]
INK = {"light": "#1a1f26", "dark": "#e9ecf1"}


def worst(colour: str) -> dict[str, float]:
    found = derive(colour)
    rooms: list[tuple[str, Room, Shades]] = [("light", LIGHT, found.light), ("dark", DARK, found.dark)]
    return {
        "text on fill": contrast(found.on_fill, found.fill) / TEXT,
        "text on hover": contrast(found.on_fill, found.hover) / TEXT,
        **{
            f"{name}: {what}": share
            for name, room, shades in rooms
            for what, share in {
                "ink on surface": contrast(shades.ink, room.surface) / TEXT,
                "ink on sunken": contrast(shades.ink, room.sunken) / TEXT,
                "ink on tint": contrast(shades.ink, shades.soft) / TEXT,
                "text on tint": contrast(INK[name], shades.soft) / TEXT,
                "edge on surface": contrast(shades.edge, room.surface) / OUTLINE,
            }.items()
        },
    }


def test_every_colour_can_be_read() -> None:
    assert len(SAMPLES) > 1000
    faults = {colour: bad for colour in SAMPLES if (bad := {what: n for what, n in worst(colour).items() if n < 1})}
    assert faults == {}


def test_the_fill_is_the_sites_own_colour() -> None:
    assert [derive(each).fill for each in ("#0b5563", "#FFCC00", "#abc")] == ["#0b5563", "#ffcc00", "#aabbcc"]


@pytest.mark.parametrize("colour", ["#c2185b", "#00796b", "#f9a825", "#1565c0"])
def test_ink_keeps_the_hue(colour: str) -> None:
    def hue(of: str) -> float:
        red, green, blue = (int(of[at : at + 2], 16) / 255 for at in (1, 3, 5))
        return colorsys.rgb_to_hsv(red, green, blue)[0] * 360

    for shades in (derive(colour).light, derive(colour).dark):
        apart = abs(hue(shades.ink) - hue(colour)) % 360
        assert min(apart, 360 - apart) < 25


def test_a_colour_that_can_be_read_already_is_left_alone() -> None:
    palette = derive("#0b5563")
    assert (palette.on_fill, palette.light.ink) == ("#ffffff", "#0b5563")


def test_contrast_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


def test_the_rooms_are_those_of_the_style_sheet() -> None:
    tokens = (ROOT / "static" / "src" / "styles" / "tokens.css").read_text()
    ramp = dict(re.findall(r"(--n-\d+): (#[0-9a-f]{6});", tokens))
    named = [re.findall(rf"--{name}: var\((--n-\d+)\)", tokens) for name in ("surface", "sunken")]
    light, dark = zip(*([ramp[step] for step in steps[:2]] for steps in named), strict=True)
    assert (light, dark) == ((LIGHT.surface, LIGHT.sunken), (DARK.surface, DARK.sunken))
    limits = re.findall(r"--ink-min: ([\d.]+); --ink-max: ([\d.]+); --ink-chroma: ([\d.]+);", tokens)
    assert [tuple(map(float, each)) for each in limits[:2]] == [LIGHT[2:], DARK[2:]]


def test_a_palette_is_six_digit_colours() -> None:
    def parts(of: Palette) -> list[str]:
        return [*of[:3], *of.light, *of.dark]

    assert all(re.fullmatch(r"#[0-9a-f]{6}", part) for colour in GRID[::50] for part in parts(derive(colour)))
