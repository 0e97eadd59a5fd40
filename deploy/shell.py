"""Paths of the clone, and running commands in it."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VENV_PYTHON = ROOT / ".venv" / "bin" / "python"


class SetupError(Exception):
    """Something a person has to put right; the message says what and how."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(*command: str | Path, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run a command that must succeed; what it prints is shown only when it does not."""
    if (failure := trouble(*command, env=env, cwd=cwd)) is not None:
        raise SetupError(f"{' '.join(map(str, command))} failed:\n{failure}")


def trouble(*command: str | Path, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str | None:
    """Run a command and return what it printed if it failed."""
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        return str(error)
    return done.stdout.decode(errors="replace").strip()[-6000:] or "no output" if done.returncode else None


def environment(**changes: str | None) -> dict[str, str]:
    """Copy this process's environment with some variables set, or taken out where the value is None."""
    result = {**os.environ, **{key: value for key, value in changes.items() if value is not None}}
    for key in [key for key, value in changes.items() if value is None]:
        result.pop(key, None)
    return result


def digest(parts: Iterable[Path | str]) -> str:
    """Hash files, whole folders, and plain words into one short name for their content."""
    total = hashlib.sha256()
    for part in parts:
        for piece in pieces(part):
            total.update(len(piece).to_bytes(8, "big") + piece)
    return total.hexdigest()[:32]


def pieces(part: Path | str) -> Iterable[bytes]:
    if isinstance(part, str):
        yield part.encode()
        return
    files = (
        sorted(path for path in part.rglob("*") if path.is_file() and path.suffix != ".pyc")
        if part.is_dir()
        else [part]
    )
    for file in files:
        yield file.relative_to(ROOT).as_posix().encode()
        yield file.read_bytes()


@dataclass(frozen=True)
class Stamp:
    """Remembers what a step was last done for. It lies inside what the step makes, so that both go together."""

    path: Path
    content: str

    def is_current(self) -> bool:
        return self.path.is_file() and self.path.read_text() == self.content

    def set(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.content)


def answers(*command: str | Path) -> bool:
    """Say whether a program is there and runs."""
    return trouble(*command) is None
