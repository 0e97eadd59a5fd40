"""Decide which articles fit: what it is about first, then the words, and what others found useful."""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from handoff.knowledge.words import language_of, stem_of, words_of

# A word in a title says what the article is about; in a body it may be there by chance.
TITLE_WEIGHT: Final = 3.0
BODY_WEIGHT: Final = 1.0
# A word that is still being typed; shorter ones begin too much.
MIN_PREFIX: Final = 3
MOST_PREFIXED: Final = 50
# Without the intent, so much of what was said has to be in it: less is chance.
MIN_SHARE: Final = 0.34
MAX_QUERY_WORDS: Final = 24
# Nobody looks further.
MOST_HITS: Final = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """An article as it is searched."""

    id: int
    version: int
    language: str
    intents: frozenset[str]
    title: frozenset[str]
    body: frozenset[str]


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. `grows`: the last word may be still in the making."""

    words: str = ""
    intent: str = ""
    grows: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """One article that fits: whether it is about the intent, and how well the words are in it."""

    id: int
    is_about: bool
    score: float


@dataclass
class Index:
    """Articles by their words. Not for several threads at once."""

    entries: dict[int, Entry] = field(default_factory=dict)
    # By language, then by stem.
    _by_word: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    _by_intent: dict[str, set[int]] = field(default_factory=dict)
    _words: dict[str, list[str]] = field(default_factory=dict)

    def put(self, entry: Entry) -> None:
        """Add an article, or take its new text in place of the old one."""
        self.drop(entry.id)
        self.entries[entry.id] = entry
        by_word = self._by_word.setdefault(entry.language, {})
        for word in entry.title | entry.body:
            by_word.setdefault(word, set()).add(entry.id)
        for intent in entry.intents:
            self._by_intent.setdefault(intent, set()).add(entry.id)
        self._words.pop(entry.language, None)

    def drop(self, entry_id: int) -> None:
        entry = self.entries.pop(entry_id, None)
        if entry is None:
            return
        for word in entry.title | entry.body:
            self._by_word[entry.language][word].discard(entry_id)
        for intent in entry.intents:
            self._by_intent[intent].discard(entry_id)

    def find(self, query: Query, *, among: frozenset[int], most: int = MOST_HITS) -> list[Hit]:
        """The best first; `among` says which may be found at all. Of equals the newest article comes first."""
        asked = list(words_of(query.words))[:MAX_QUERY_WORDS]
        scores, shares = self._score(asked, grows=query.grows, among=among)
        about = frozenset(self._by_intent.get(query.intent, ())) & among
        fit = {one for one, share in shares.items() if share >= MIN_SHARE} | about
        best = heapq.nlargest(most, ((one in about, round(scores.get(one, 0.0), 6), one) for one in fit))
        return [Hit(one, is_about, score) for is_about, score, one in best]

    def _score(
        self, asked: list[str], *, grows: bool, among: frozenset[int]
    ) -> tuple[dict[int, float], dict[int, float]]:
        scores: dict[int, float] = {}
        shares: dict[int, float] = {}
        for language in self._by_word:
            self._score_language(language, asked, grows, among, scores, shares)
        return scores, shares

    def _score_language(
        self,
        language: str,
        asked: list[str],
        grows: bool,
        among: frozenset[int],
        scores: dict[int, float],
        shares: dict[int, float],
    ) -> None:
        terms = self._terms(asked, language, grows=grows)
        weights = [self._rarity(language, stems) for stems in terms]
        whole = sum(weights)
        for stems, weight in zip(terms, weights, strict=True):
            for one, place in self._found(language, stems, among).items():
                scores[one] = scores.get(one, 0.0) + weight * place
                shares[one] = shares.get(one, 0.0) + weight / whole

    def _terms(self, asked: list[str], language: str, *, grows: bool) -> list[tuple[str, ...]]:
        """Each word as the stems that it may mean; twice the same word counts once."""
        found: dict[str, tuple[str, ...]] = {}
        for place, word in enumerate(asked):
            stem = stem_of(word, language)
            if not stem:
                continue
            is_last = grows and place == len(asked) - 1 and len(word) >= MIN_PREFIX
            found[stem] = (stem, *self._beginning(word, language)) if is_last else (stem,)
        return list(found.values())

    def _beginning(self, word: str, language: str) -> tuple[str, ...]:
        if language not in self._words:
            self._words[language] = sorted(self._by_word[language])
        known = self._words[language]
        start = bisect_left(known, word)
        return tuple(stem for stem in known[start : start + MOST_PREFIXED] if stem.startswith(word))

    def _rarity(self, language: str, stems: Iterable[str]) -> float:
        """A word that every article has tells none from another."""
        holding = sum(len(self._by_word[language].get(stem, ())) for stem in stems)
        return math.log(1 + (len(self.entries) + 1) / (holding + 1))

    def _found(self, language: str, stems: Iterable[str], among: frozenset[int]) -> Mapping[int, float]:
        """For each article with one of these stems, what its best place is worth."""
        found: dict[int, float] = {}
        for stem in stems:
            for one in self._by_word[language].get(stem, ()):
                if one in among:
                    weight = TITLE_WEIGHT if stem in self.entries[one].title else BODY_WEIGHT
                    found[one] = max(found.get(one, 0.0), weight)
        return found


def entry_of(entry_id: int, version: int, *, title: str, body: str, language: str, intents: Iterable[str]) -> Entry:
    """An article's text as it is searched."""
    spoken = language_of(language)

    def stems(text: str) -> frozenset[str]:
        return frozenset(stem for word in words_of(text) if (stem := stem_of(word, spoken)))

    return Entry(entry_id, version, spoken, frozenset(intents), stems(title), stems(body))


def break_ties(hits: list[Hit], *, useful: Mapping[int, int]) -> list[Hit]:
    """Among those that fit equally well, what others found useful comes first."""
    return sorted(hits, key=lambda hit: (not hit.is_about, -hit.score, -useful.get(hit.id, 0)))
