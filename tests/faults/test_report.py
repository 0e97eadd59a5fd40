"""The table in docs/reliability.md says which form a figure is of, and where it can be had again."""

from __future__ import annotations

from tests.faults.report import BEGIN, END, PAGE, table


def figure(row: str, text: str) -> dict[str, str]:
    return {
        "row": row,
        "figure": text,
        "date": "2026-01-05",
        "commit": "abc1234",
        "test": "tests/faults/test_x.py::test_y",
    }


def test_the_full_form_stands_before_the_short_one_and_rows_are_in_order() -> None:
    figures = {
        "short": {"R10 y": figure("R10", "ten"), "R2 y": figure("R2", "two"), "smoke y": figure("smoke", "last")},
        "full": {"R2 y": figure("R2", "two thousand")},
    }
    assert table(figures).splitlines()[2:] == [
        "| R2 | full | two thousand | 2026-01-05 | abc1234 | `test_x.py::test_y` |",
        "| R10 | short | ten | 2026-01-05 | abc1234 | `test_x.py::test_y` |",
        "| smoke | short | last | 2026-01-05 | abc1234 | `test_x.py::test_y` |",
    ]


def test_the_page_has_its_marks() -> None:
    page = PAGE.read_text()
    assert page.count(BEGIN) == page.count(END) == 1
