"""Runs every check in order, stops at the first that fails, and says how long each took."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy import bootstrap, front_end
from deploy.example_site import SITE_DIR
from deploy.postgres import temporary_postgres
from deploy.shell import ROOT, VENV_PYTHON, SetupError, environment, say

BIN = VENV_PYTHON.parent
# Named one by one: what else is installed on the machine must not change how the tests run.
PYTEST_PLUGINS = (
    "pytest_django.plugin",
    "pytest_asyncio.plugin",
    "_hypothesis_pytestplugin",
    "schemathesis.pytest.plugin",
)
PYTEST_FOUND_NOTHING = 5
# They drive whole servers and choose their databases themselves, or need none, so one run of them is enough.
ONCE_ONLY = (
    "tests/e2e",
    "tests/examples",
    "tests/deploy",
    "tests/config/test_leaving.py",
    "tests/config/test_start.py",
    "tests/config/test_waiting.py",
    "tests/routing/test_estimates.py",
)
FAULTS = "tests/faults"


class CheckFailed(Exception):
    pass


@dataclass(frozen=True)
class Check:
    name: str
    run: Callable[[], None]


def main() -> int:
    arguments = sys.argv[1:]
    full_faults = arguments[:1] == ["--faults"]
    times: list[tuple[str, float, str]] = []
    failure = None
    for check in checks(arguments[full_faults:], full_faults=full_faults):
        print(f"\n== {check.name}", flush=True)
        started = time.monotonic()
        failure = attempt(check)
        times.append((check.name, time.monotonic() - started, "failed" if failure else "ok"))
        if failure:
            break
    print(table(times), flush=True)
    if failure:
        say(f"{times[-1][0]}: {failure}")
    return 1 if failure else 0


def attempt(check: Check) -> str | None:
    try:
        check.run()
    except (CheckFailed, SetupError) as error:
        return str(error)
    except KeyboardInterrupt:
        return "interrupted"
    return None


def checks(pytest_arguments: Sequence[str], *, full_faults: bool) -> list[Check]:
    example = {"HARBOUR_HMAC_SECRET": "only the types are checked with this one"}
    return [
        Check("set-up", lambda: bootstrap.set_up(for_tests=True)),
        Check("format", lambda: call(BIN / "ruff", "format", "--check", ".")),
        Check("lint", lambda: call(BIN / "ruff", "check", ".")),
        Check("types", lambda: call(BIN / "mypy", "--cache-dir=/dev/null")),
        Check("types of the example site", lambda: call(BIN / "mypy", cwd=SITE_DIR, changes=example)),
        Check("imports", lambda: call(BIN / "lint-imports")),
        Check("migrations", lambda: manage("makemigrations", "--check", "--dry-run")),
        Check("generated files", lambda: manage("export_protocol", "--check")),
        Check("types of the front end", lambda: npm("types")),
        Check("tests of the front end", lambda: npm("test")),
        Check("bundles and their budgets", lambda: npm("build")),
        Check("tests on SQLite", lambda: test_on_sqlite(pytest_arguments)),
        Check("tests on PostgreSQL", lambda: test_on_postgres(pytest_arguments)),
        Check("faults, full form" if full_faults else "faults, short form", lambda: test_faults(full=full_faults)),
    ]


def call(*command: str | Path, changes: Mapping[str, str | None] | None = None, cwd: Path = ROOT) -> None:
    code = exit_code(*command, changes=changes, cwd=cwd)
    if code:
        raise CheckFailed(f"{' '.join(map(str, command))} ended with {code}")


def exit_code(*command: str | Path, changes: Mapping[str, str | None] | None = None, cwd: Path = ROOT) -> int:
    settings: dict[str, str | None] = {"DJANGO_SETTINGS_MODULE": None, "HANDOFF_DEMO": "1", **(changes or {})}
    return subprocess.run(command, cwd=cwd, env=environment(**settings), stdin=subprocess.DEVNULL).returncode


def manage(*arguments: str) -> None:
    call(VENV_PYTHON, "manage.py", *arguments)


def npm(script: str) -> None:
    node = front_end.find_node()
    path = front_end.node_environment(node)["PATH"]
    call(*front_end.npm_command(node), "run", "--silent", script, changes={"PATH": path})


def test_on_sqlite(arguments: Sequence[str]) -> None:
    pytest("-m", "not postgres", f"--ignore={FAULTS}", *arguments, may_be_empty=bool(arguments))


def test_on_postgres(arguments: Sequence[str]) -> None:
    elsewhere = [f"--ignore={path}" for path in (*ONCE_ONLY, FAULTS)]
    with temporary_postgres() as url:
        pytest(*elsewhere, *arguments, database=url, may_be_empty=bool(arguments))


def test_faults(*, full: bool) -> None:
    """Every promise against real processes; the full form takes hours' worth of faults in some tens of minutes."""
    pytest(FAULTS, faults="full" if full else "short")


def pytest(*arguments: str, database: str | None = None, faults: str | None = None, may_be_empty: bool = False) -> None:
    plugins = [word for plugin in PYTEST_PLUGINS for word in ("-p", plugin)]
    changes = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "DATABASE_URL": database, "HANDOFF_FAULTS": faults}
    code = exit_code(VENV_PYTHON, "-m", "pytest", *plugins, *arguments, changes=changes)
    # A developer may have named tests that only the other database has.
    if code and not (may_be_empty and code == PYTEST_FOUND_NOTHING):
        raise CheckFailed(f"pytest ended with {code}")


def table(times: Sequence[tuple[str, float, str]]) -> str:
    rows = [f"  {name:<28}{seconds:>8.1f} s   {outcome}" for name, seconds, outcome in times]
    total = sum(seconds for _, seconds, _ in times)
    return "\n".join(["", *rows, f"  {'all together':<28}{total:>8.1f} s"])


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
