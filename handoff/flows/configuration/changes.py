"""What a run changed, in words, and the one way in which it changes a row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model


@dataclass
class Changes:
    """A line for each thing created or changed; `secrets` holds what was generated, by site."""

    lines: list[str] = field(default_factory=list)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    def created(self, title: str, remark: str = "") -> None:
        self.lines.append(f"created {title}{remark}")

    def changed(self, title: str, differences: Iterable[str]) -> None:
        """Nothing, if there is no difference."""
        told = "; ".join(differences)
        if told:
            self.lines.append(f"changed {title}: {told}")


def save(row: Model, values: Mapping[str, Any]) -> list[str]:
    """Store a new row, or what differs on an old one; the differences of an old one, in words."""
    if row._state.adding:
        _set(row, values)
        row.save()
        return []
    altered = {name: value for name, value in values.items() if getattr(row, name) != value}
    told = [difference(name, getattr(row, name), value) for name, value in altered.items()]
    if altered:
        _set(row, altered)
        row.save(update_fields=list(altered))
    return told


def difference(name: str, before: object, after: object) -> str:
    return f"{name} {_words(before)} -> {_words(after)}"


def _set(row: Model, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value) if value is not None else "none"
