"""Decide what a plain text's blocks are: paragraphs and lists. The browser's side reads it by the same rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

Kind = Literal["p", "ul", "ol"]

_MARKS: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    ("ul", re.compile(r"^\s*[-*•]\s+(?=\S)")),
    ("ol", re.compile(r"^\s*\d{1,3}[.)]\s+(?=\S)")),
)


@dataclass(frozen=True)
class Block:
    """A paragraph's lines, or a list's items."""

    kind: Kind
    lines: tuple[str, ...]


def blocks_of(text: str) -> list[Block]:
    """An empty line parts paragraphs; lines that begin with `- ` or `1. ` are a list."""
    marked = (_mark(line) for line in text.splitlines())
    return [
        Block(kind, tuple(line for _, line in lines))
        for kind, lines in groupby(marked, key=lambda pair: pair[0])
        if kind is not None
    ]


def _mark(line: str) -> tuple[Kind | None, str]:
    for kind, mark in _MARKS:
        found = mark.match(line)
        if found:
            return kind, line[found.end() :].strip()
    return ("p", line.strip()) if line.strip() else (None, "")
