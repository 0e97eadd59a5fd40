"""What the rows measured, kept for the table in docs/reliability.md."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from datetime import UTC, datetime
from typing import Any, Final

from tests.processes import ROOT

FULL: Final = os.environ.get("HANDOFF_FAULTS") == "full"
FORM: Final = "full" if FULL else "short"
FILE: Final = ROOT / "var" / "faults.json"


def short_or_full(short: Any, full: Any) -> Any:
    """One number in ./test, the promise's own in `./test --faults`."""
    return full if FULL else short


def note(row: str, figure: str, *, of: str = "") -> None:
    """Say what a row came to, as its test's last line: a test that fails leaves the last good figure and its date.

    A test with several figures names what each is `of`.
    """
    test = os.environ.get("PYTEST_CURRENT_TEST", "").split(" ")[0]
    told = {"figure": figure, "date": datetime.now(UTC).date().isoformat(), "commit": commit(), "test": test}  # noqa: TID251
    FILE.parent.mkdir(exist_ok=True)
    with FILE.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        known = json.loads(file.read() or "{}")
        known.setdefault(FORM, {})[f"{row} {test.partition('::')[2]} {of}".strip()] = told | {"row": row}
        file.truncate(0)
        file.write(json.dumps(known, indent=1, sort_keys=True))


def commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "none"
