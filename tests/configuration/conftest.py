"""The command as the tests run it."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.configuration.desk_file import snapshot


@pytest.fixture
def apply(tmp_path: Path) -> Callable[..., str]:
    """Runs the command on a text; the answer is what it printed."""

    def run(text: str | bytes, *flags: str) -> str:
        path = tmp_path / "desk.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        out = StringIO()
        call_command("apply_config", str(path), *flags, stdout=out)
        return out.getvalue()

    return run


@pytest.fixture
def problems(apply: Callable[..., str]) -> Callable[[str | bytes], list[str]]:
    """What a refused file is told, without the file's own name, which leads every line."""

    def run(text: str | bytes) -> list[str]:
        before = snapshot()
        with pytest.raises(CommandError) as refusal:
            apply(text)
        assert snapshot() == before
        *lines, last = str(refusal.value).split("\n")
        assert last == "Nothing was changed."
        assert all("desk.toml: " in line for line in lines)
        return [line.partition("desk.toml: ")[2] for line in lines]

    return run
