"""What simulated people do and say, read from the files in `scripts/`: a new intent needs a file, not code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

FOLDER: Final = Path(__file__).parent / "scripts"
AGENTS: Final = "agents"
# The script for whatever intent has none of its own.
ANY: Final = "any"


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the customer says to a line in which one of these words stands."""

    hears: list[str]
    says: list[str]

    def answers(self, line: str) -> bool:
        return any(word in line.lower() for word in self.hears)


class Habits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shares of the customers who do a thing, and medians in seconds."""

    patience_seconds: float = 240
    silence_seconds: float = 90
    thought_seconds: float = 6
    unverified: float = 0.1
    callback: float = 0.0
    leaves: float = 0.05
    reconnects: float = 0.15
    waits_for_the_end: float = 0.7
    surveys: float = 0.5
    effort: tuple[int, int] = (3, 7)


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of need: the journey with the step that failed, and the talk about it."""

    intent: str
    statements: list[str]
    steps: list[dict[str, str]]
    otherwise: list[str]
    closing: list[str]
    opening: list[str] = []
    replies: list[Reply] = []
    facts: list[dict[str, str]] = []
    weight: float = 1
    habits: Habits = Habits()

    def reply_to(self, line: str) -> list[str]:
        """What may be said to it."""
        return next((reply.says for reply in self.replies if reply.answers(line)), self.otherwise)


class AgentLines(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent says about one intent, in its order."""

    intent: str
    says: list[str]


class AgentScript(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How simulated agents work; shares of the talks, and medians in seconds."""

    greetings: list[str]
    lines: list[AgentLines]
    closing: list[str]
    notes: list[str]
    wrap_up_notes: list[str]
    transfer_notes: list[str]
    breaks: list[str]
    answer_seconds: float = 4
    thought_seconds: float = 9
    patience_seconds: float = 45
    wrap_up_seconds: float = 12
    break_seconds: float = 120
    note: float = 0.3
    transfer: float = 0.06
    decline: float = 0.04
    break_after: float = 0.08

    def lines_for(self, intent: str) -> list[str]:
        by_intent = {one.intent: one.says for one in self.lines}
        return by_intent.get(intent) or by_intent[ANY]


@dataclass(frozen=True)
class Library:
    """All scripts by their intent, and the agents'."""

    scripts: Mapping[str, Script]
    agents: AgentScript

    def script_for(self, intent: str) -> Script:
        return self.scripts.get(intent) or self.scripts[ANY]

    def weights(self, intents: Sequence[str]) -> list[float]:
        return [self.script_for(intent).weight for intent in intents]


def read_library(folder: Path = FOLDER) -> Library:
    """Raises ValueError that names the file and what is wrong in it."""
    scripts = [_read(path, Script) for path in sorted(folder.glob("*.toml")) if path.stem != AGENTS]
    by_intent = {script.intent: script for script in scripts}
    if ANY not in by_intent:
        raise ValueError(f"{folder}: a script for the intent {ANY!r} is missing")
    return Library(by_intent, _read(folder / f"{AGENTS}.toml", AgentScript))


def _read(path: Path, kind: Any) -> Any:
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), kind)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path}: {error}") from None
