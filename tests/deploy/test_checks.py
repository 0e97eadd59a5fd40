"""What runs all checks: one that fails is told, however it fails, and the others go on to their end."""

from __future__ import annotations

import pytest

from deploy import checks
from deploy.checks import Check, CheckFailed


def fail() -> None:
    raise CheckFailed("pytest ended with 1")


def break_off() -> None:
    raise OSError("no space left")


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_check_that_fails_or_breaks_off_is_told_and_holds_up_no_other(at_once: int) -> None:
    ended: list[str] = []
    done = checks.run_side_by_side(
        [
            Check("fails", fail),
            Check("breaks", break_off),
            *(Check(name, lambda: ended.append("ok")) for name in "abc"),
        ],
        at_once=at_once,
    )
    assert {one.name: one.failure for one in done} == {
        "fails": "pytest ended with 1",
        "breaks": "broke off with OSError('no space left')",
        **dict.fromkeys("abc"),
    }
    assert ended == ["ok"] * 3
    assert checks.has_failed(done)


def test_every_row_of_faults_is_run_alone_or_beside_others_and_none_twice() -> None:
    beside, alone = checks.faults(full=False)
    assert (len(beside), len(alone)) == (1, 1)
    files = {str(path.relative_to(checks.ROOT)) for path in (checks.ROOT / checks.FAULTS).glob("test_*.py")}
    # A name that leads nowhere would leave its row to nobody.
    assert set(checks.MEASURING_FAULTS) < files


def test_faults_of_the_full_form_are_alone() -> None:
    beside, alone = checks.faults(full=True)
    assert (beside, len(alone)) == ([], 1)
