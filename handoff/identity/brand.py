"""What a site may say of its looks: one shape for the configuration file, the admin and the pages."""

from __future__ import annotations

import re
from typing import Any, Final

DEFAULT_COLOUR: Final = "#0b5563"
LANGUAGES: Final = ("en", "de", "es", "ar")
"""The languages that the customer's pages speak; each has its catalogues in static/src/widget/texts."""

TEXTS: Final = {"greeting": 120, "launcher": 40}
"""What a site may say in its own words, and how long that may be."""

NAME_LENGTH: Final = 60
KEYS: Final = ("color", "logo", "name", "language", "texts")

_COLOUR: Final = re.compile(r"#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
# A name in one folder of ours, and nothing else: no address, no path, no leading dot.
_LOGO: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}(\.[A-Za-z0-9_-]{1,20}){0,2}\.(svg|png|webp|jpg|jpeg|gif|avif)"
)
_VALUE: Final = re.compile(r"[{}]")


def brand_problems(brand: object) -> list[str]:
    """One sentence a problem, beginning with the part it is about; none where the brand can be used."""
    if not isinstance(brand, dict):
        return ["must be a table"]
    if unknown := sorted(map(str, brand.keys() - set(KEYS))):
        return [f"knows {', '.join(KEYS)}, not {', '.join(unknown)}"]
    checks = {"color": _color_problem, "logo": _logo_problem, "name": _name_problem, "language": _language_problem}
    problems = [f"{key}: {problem}" for key, check in checks.items() if key in brand and (problem := check(brand[key]))]
    return problems + [f"texts: {problem}" for problem in _texts_problems(brand.get("texts", {}))]


def color_of(brand: dict[str, Any]) -> str:
    return str(brand.get("color") or DEFAULT_COLOUR)


def texts_of(brand: dict[str, Any], *, language: str) -> dict[str, str]:
    """The site's own words in this language: `greeting` and `launcher`, as far as there are any."""
    found: dict[str, str] = brand.get("texts", {}).get(language, {})
    return found


def _color_problem(value: object) -> str | None:
    return None if isinstance(value, str) and _COLOUR.fullmatch(value) else "must be a colour like #0b5563"


def _logo_problem(value: object) -> str | None:
    if isinstance(value, str) and _LOGO.fullmatch(value):
        return None
    return "must be the name of an image in the brand folder, like harbour.svg; an address or a path is none"


def _name_problem(value: object) -> str | None:
    return _words_problem(value, most=NAME_LENGTH)


def _language_problem(value: object) -> str | None:
    return None if value in LANGUAGES else f"must be one of {', '.join(LANGUAGES)}"


def _texts_problems(texts: object) -> list[str]:
    if not isinstance(texts, dict):
        return ["must be a table, one for each language"]
    if unknown := sorted(map(str, texts.keys() - set(LANGUAGES))):
        return [f"knows {', '.join(LANGUAGES)}, not {', '.join(unknown)}"]
    return [f"{language}: {problem}" for language, own in texts.items() for problem in _own_problems(own)]


def _own_problems(own: object) -> list[str]:
    if not isinstance(own, dict):
        return ["must be a table"]
    if unknown := sorted(map(str, own.keys() - TEXTS.keys())):
        return [f"knows {', '.join(TEXTS)}, not {', '.join(unknown)}"]
    told = [(key, _words_problem(text, most=TEXTS[key]) or _value_problem(key, text)) for key, text in own.items()]
    return [f"{key}: {problem}" for key, problem in told if problem]


def _words_problem(value: object, *, most: int) -> str | None:
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        return f"must have 1 to {most} characters"
    # Bidi controls and their kin are not printable: nobody turns a sentence around, or hides in it.
    return None if value.isprintable() else "must have no line breaks, control characters or invisible ones"


def _value_problem(key: str, text: object) -> str | None:
    """A greeting may name the customer."""
    rest = str(text).replace("{name}", "") if key == "greeting" else str(text)
    return "knows {name} alone, in a greeting" if _VALUE.search(rest) else None
