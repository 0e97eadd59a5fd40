"""`python -m tests.faults.report`: writes what the rows measured into docs/reliability.md, between its marks."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from tests.faults.figures import FILE
from tests.processes import ROOT

PAGE: Final = ROOT / "docs" / "reliability.md"
BEGIN: Final = "<!-- figures: written by `python -m tests.faults.report` -->"
END: Final = "<!-- end of figures -->"
HEAD: Final = "| row | form | figure | date | commit | test |\n|---|---|---|---|---|---|"


def main() -> None:
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(json.loads(FILE.read_text()))}\n{END}{after}")


def table(figures: dict[str, dict[str, dict[str, Any]]]) -> str:
    """The full form's figure of each row, or the short form's where the full one was not run."""
    rows = {**figures.get("short", {}), **figures.get("full", {})}
    return "\n".join([HEAD, *(_line(rows[key], key in figures.get("full", {})) for key in sorted(rows, key=_order))])


def _line(row: dict[str, Any], is_full: bool) -> str:
    form = "full" if is_full else "short"
    test = row["test"].removeprefix("tests/faults/")
    return f"| {row['row']} | {form} | {row['figure']} | {row['date']} | {row['commit']} | `{test}` |"


def _order(key: str) -> tuple[int, str]:
    """R2 before R10, and what has no number last."""
    number = re.match(r"R(\d+)", key)
    return (int(number[1]) if number else 99, key)


if __name__ == "__main__":
    main()
