"""Decide which words are the same word: folded of case and marks, and cut to a stem by a table for each language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

MAX_WORDS: Final = 5_000
MAX_LETTERS: Final = 40

_WORD: Final = re.compile(r"[^\W_]+")
# What has no decomposition and is typed without all the same.
_PLAIN: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ى": "ي", "ة": "ه", "ـ": None})


class Ending(NamedTuple):
    """An ending, what takes its place, and how many letters have to be left of the word."""

    old: str
    new: str = ""
    least: int = 3


class Grammar(NamedTuple):
    """Rounds of endings, at most one of each round is cut; words that say nothing; beginnings that are no part."""

    rounds: tuple[tuple[Ending, ...], ...] = ()
    silent: frozenset[str] = frozenset()
    beginnings: tuple[str, ...] = ()
    # `ue` is how German is typed without its keys, so both are the bare vowel.
    joined: tuple[tuple[str, str], ...] = ()


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _round(words: str, *, least: int = 3, new: str = "") -> tuple[Ending, ...]:
    return tuple(Ending(word, new, least) for word in words.split())


_EN: Final = Grammar(
    rounds=(
        (*_round("ies", new="y"), *_round("sses", new="ss"), Ending("ss", "ss"), *_round("s")),
        _round("edly ingly ing ed ly ment"),
        (Ending("e"), Ending("y", "i")),
    ),
    silent=_listed(
        "a about after all am an and any are as at be been but by can could did do does for from get had has have he "
        "her him his how i if in is it its just me my no not of off on or our out she so than that the their them then "
        "there they this to too up us was we were what when where which who why will with would you your"
    ),
)
_DE: Final = Grammar(
    rounds=(
        _round("ungen heiten keiten ung heit keit lich isch ern est em en er es te e s n", least=4),
        _round("en er e t", least=4),
    ),
    silent=_listed(
        "aber alle als am an auch auf aus bei bin bis da das dass dem den der des die doch du durch ein eine einem "
        "einen einer er es fur habe haben hat hatte ich ihr im in ist ja kann kein keine man mein meine meiner mir mit "
        "nach nicht noch nur oder sein sich sie sind so um und uns von vor war warum was wenn wer wie wir wird wo zu "
        "zum zur"
    ),
    joined=(("ae", "a"), ("oe", "o"), ("ue", "u")),
)
_ES: Final = Grammar(
    rounds=(
        (*_round("ciones", new="cion"), *_round("mente"), *_round("es s")),
        _round("iendo ando adas ados idas idos ada ado ida ido aron ieron ar er ir", least=4),
        _round("a o e"),
    ),
    silent=_listed(
        "a al algo como con cual cuando de del desde donde el ella en es esta este esto estoy ha han hay he la las le "
        "lo los mas me mi mis muy no nos o para pero por que se si sin sobre son soy su sus te tengo tiene tu un una "
        "uno y ya yo"
    ),
)
_AR: Final = Grammar(
    rounds=(_round("تها ها هم ات ون ين ان", least=3), _round("يه ه ي ك", least=3)),
    silent=_listed("في من على الي عن ان لا ما هل كيف هذا هذه ذلك التي الذي مع لم لن قد او ثم انا هو هي"),
    beginnings=("وال", "بال", "كال", "فال", "لل", "ال", "و"),
)
GRAMMARS: Final = {"en": _EN, "de": _DE, "es": _ES, "ar": _AR}
_NONE: Final = Grammar()


def language_of(tag: str) -> str:
    """`de-AT` is German."""
    return re.split("[-_]", tag.strip().casefold(), maxsplit=1)[0]


def fold(text: str) -> str:
    """Without case, marks and other spellings of the same letters."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_PLAIN)


def words_of(text: str) -> Iterator[str]:
    """The folded words of a text, in their order."""
    for place, match in enumerate(_WORD.finditer(fold(text))):
        if place >= MAX_WORDS:
            return
        yield match.group()[:MAX_LETTERS]


def stems_of(text: str, *, language: str) -> list[str]:
    """What a text is about: the stems of its words that say something."""
    return [stem for word in words_of(text) if (stem := stem_of(word, language))]


@lru_cache(maxsize=50_000)
def stem_of(word: str, language: str) -> str:
    """The stem of a folded word; empty for one that says nothing. An unknown language has no rules."""
    grammar = GRAMMARS.get(language, _NONE)
    if word in grammar.silent:
        return ""
    for old, new in grammar.joined:
        word = word.replace(old, new)
    word = _without_beginning(word, grammar)
    for endings in grammar.rounds:
        word = _cut(word, endings)
    return _without_double(word) if language == "en" else word


def _without_beginning(word: str, grammar: Grammar) -> str:
    for beginning in grammar.beginnings:
        if word.startswith(beginning) and len(word) - len(beginning) >= 3:
            return word[len(beginning) :]
    return word


def _cut(word: str, endings: tuple[Ending, ...]) -> str:
    for old, new, least in endings:
        if word.endswith(old) and len(word) - len(old) >= least:
            return word[: -len(old)] + new
    return word


def _without_double(word: str) -> str:
    """`cancelled` is cut to `cancell`, and is `cancel`."""
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "s" else word
