"""A site's colour made safe to read: from one, what stands on it and beside it, in a light room and in a dark one.

Contrast is that of WCAG 2: 4.5 for text, 3 for the outline of something one can press. Lightness is moved in OKLCH,
where a step looks the same for every hue; the hue is kept.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

TEXT: Final = 4.5
OUTLINE: Final = 3.0
WHITE: Final = "#ffffff"
BLACK: Final = "#000000"

Triple = tuple[float, float, float]


class Room(NamedTuple):
    """What a panel's ink stands on: where one reads, and what is sunk into it. As in static/src/styles/tokens.css."""

    surface: str
    sunken: str
    darkest: float
    lightest: float
    most_chroma: float


LIGHT: Final = Room("#ffffff", "#eff1f4", 0.0, 0.48, 0.4)
DARK: Final = Room("#1a1f26", "#0c0f13", 0.78, 1.0, 0.12)


class Shades(NamedTuple):
    """Of one room. `ink`: text and signs; `edge`: outlines; `soft`: a tint behind what is chosen."""

    ink: str
    edge: str
    soft: str


class Palette(NamedTuple):
    fill: str
    on_fill: str
    hover: str
    light: Shades
    dark: Shades


def derive(colour: str) -> Palette:
    """From `#abc` or `#aabbcc`."""
    fill = _hex(_rgb(colour))
    on_fill = max((WHITE, BLACK), key=lambda each: contrast(each, fill))
    # Away from the text: a pointer over a button must not take the text's contrast.
    hover = _mixed(fill, BLACK if on_fill == WHITE else WHITE, 0.88)
    return Palette(fill, on_fill, hover, _shades(fill, LIGHT), _shades(fill, DARK))


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _shades(fill: str, room: Room) -> Shades:
    lightness, chroma, hue = _lch(fill)
    lightness = min(max(lightness, room.darkest), room.lightest)
    step = -0.005 if room is LIGHT else 0.005
    ink = _from_lch(lightness, min(chroma, room.most_chroma), hue)
    while min(contrast(ink, ground) for ground in _grounds(ink, room)) < TEXT and 0 < lightness < 1:
        lightness = min(max(lightness + step, 0), 1)
        ink = _from_lch(lightness, min(chroma, room.most_chroma), hue)
    share = 0.8
    while contrast(edge := _mixed(ink, room.surface, share), room.surface) < OUTLINE and share < 1:
        share = min(share + 0.05, 1)
    return Shades(ink, edge, _tint(ink, room))


def _grounds(ink: str, room: Room) -> tuple[str, str, str]:
    return room.surface, room.sunken, _tint(ink, room)


def _tint(ink: str, room: Room) -> str:
    """9 in 100 of the ink, as paint mixes on a screen."""
    pairs = zip(_rgb(ink), _rgb(room.surface), strict=True)
    red, green, blue = (0.09 * above + 0.91 * below for above, below in pairs)
    return _hex((red, green, blue))


def _rgb(colour: str) -> Triple:
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(each * 2 for each in digits)
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def _hex(rgb: Triple) -> str:
    return "#" + "".join(f"{round(min(max(part, 0), 1) * 255):02x}" for part in rgb)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _encoded(part: float) -> float:
    return part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055


def _luminance(colour: str) -> float:
    red, green, blue = map(_linear, _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _lab(colour: str) -> Triple:
    """OKLab, as its author defined it."""
    red, green, blue = map(_linear, _rgb(colour))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _from_lab(lab: Triple) -> Triple:
    """May lie outside of what a screen can show."""
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _encoded(4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short),
        _encoded(-1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short),
        _encoded(-0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short),
    )


def _lch(colour: str) -> Triple:
    lightness, a, b = _lab(colour)
    return lightness, math.hypot(a, b), math.atan2(b, a)


def _from_lch(lightness: float, chroma: float, hue: float) -> str:
    """The strongest colour of this lightness and hue, up to this chroma, that a screen can show."""
    while True:
        rgb = _from_lab((lightness, chroma * math.cos(hue), chroma * math.sin(hue)))
        if chroma <= 0 or all(-0.001 <= part <= 1.001 for part in rgb):
            return _hex(rgb)
        chroma -= 0.005


def _mixed(one: str, other: str, share: float) -> str:
    """`share` of the one, the rest of the other, in OKLab."""
    parts = zip(_lab(one), _lab(other), strict=True)
    lightness, a, b = (share * first + (1 - share) * second for first, second in parts)
    return _hex(_from_lab((lightness, a, b)))
