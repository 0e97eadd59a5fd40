"""The benchmarks' table: every row is there to be asked for, and a verdict says what the number does."""

from __future__ import annotations

import importlib

import pytest

from tests.benchmarks import __main__ as table
from tests.benchmarks.figures import Failure, Figure, Options, best, markdown, median_ratio


@pytest.mark.parametrize("name", table.ROWS)
def test_every_row_can_be_measured(name) -> None:
    module, _, function = table.ROWS[name].rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize(
    ("value", "better", "verdict"),
    [
        (0.5, "higher", "hope"), (0.3, "higher", "must"), (0.2, "higher", "**missed**"),
        (0.2, "lower", "hope"), (0.3, "lower", "must"), (0.5, "lower", "**missed**"),
    ],
)  # fmt: skip
def test_a_verdict_says_which_limit_is_reached(value, better, verdict) -> None:
    must, hope = (0.25, 0.4) if better == "higher" else (0.4, 0.25)
    figure = Figure("a ratio", value, "x", must, hope, better)
    assert figure.verdict == verdict
    assert figure.row() == ["a ratio", f"{must}x", f"{hope}x", f"{value}x", verdict, ""]


def test_rounds_come_to_one_number() -> None:
    assert (best([3, 1, 2], better="lower"), best([3, 1, 2], better="higher")) == (1, 3)
    assert median_ratio([(1, 2), (9, 1), (3, 4)]) == 0.75


def test_a_row_that_gives_a_wrong_answer_is_no_figure_and_ends_no_other(monkeypatch) -> None:
    def lie(options: Options) -> list[Figure]:
        raise SystemExit("3 messages are not stored as they were acked")

    monkeypatch.setattr("tests.benchmarks.chats.rows", lie)
    found = table.measure("chats", Options())
    assert found == [Failure("chats", "SystemExit: 3 messages are not stored as they were acked")]
    assert "**failed**" in markdown(found)


def test_a_row_that_hangs_is_ended(monkeypatch) -> None:
    monkeypatch.setattr("tests.benchmarks.chats.rows", lambda options: table.signal.pause())
    monkeypatch.setattr(table, "ROW_SECONDS", 1)
    assert table.measure("chats", Options())[0].row()[-1] == "TimeoutError: it took more than 1 s"
