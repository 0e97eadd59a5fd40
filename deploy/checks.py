"""Runs every check, some at a time, and says how long each took.

The short ones come first, and the run ends with them if one fails. Faults that measure times come last and alone.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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
# They drive whole servers and choose their databases themselves, so one run of them is enough.
BROWSERS = "tests/e2e"
WHOLE_SERVERS = (
    "tests/examples",
    "tests/deploy",
    "tests/phone_live",
    "tests/simulation/test_command.py",
    "tests/config/test_leaving.py",
    "tests/config/test_start.py",
    "tests/config/test_waiting.py",
)
# They touch no database, or ask nothing of it that another engine could answer otherwise.
ONE_DATABASE = (
    "tests/admin",
    "tests/api/test_refused_moves.py",
    "tests/api/test_tenants.py",
    "tests/attachments/test_kinds.py",
    "tests/attachments/test_limits.py",
    "tests/attachments/test_names.py",
    "tests/attachments/test_scanning.py",
    "tests/attachments/test_streaming.py",
    "tests/attachments/test_uploads.py",
    "tests/benchmarks/test_scale.py",
    "tests/callbacks",
    "tests/configuration",
    "tests/contracts/test_shape.py",
    "tests/intents",
    "tests/journeys",
    "tests/knowledge/test_prose.py",
    "tests/knowledge/test_ranking.py",
    "tests/lib",
    "tests/pages",
    "tests/routing/test_estimates.py",
    "tests/routing/test_matching.py",
    "tests/simulation",
    "tests/sockets/test_frames.py",
    "tests/sockets/test_greeting.py",
    "tests/telephony",
)
# What one refuses the other may let in: the stricter of the two is asked.
POSTGRES_ALONE = ("tests/api/test_refusals.py",)
FAULTS = "tests/faults"
# They ask how long something took, or what fits into some seconds. The other faults count, whoever is beside them.
MEASURING_FAULTS = tuple(
    f"tests/faults/test_{name}.py"
    for name in ("balancers", "connections", "deployment", "offers", "outages", "sentinel", "storage", "timers")
)
# For two cores. Checks of this kind keep one busy; those with servers and databases wait for a third of their time.
SHORT_AT_ONCE = 2
LONG_AT_ONCE = 3


class CheckFailed(Exception):
    pass


@dataclass(frozen=True)
class Check:
    name: str
    run: Callable[[], None]


@dataclass(frozen=True)
class Done:
    """How one check went; `failure` is why it failed, or None."""

    name: str
    seconds: float
    failure: str | None


# Where a check prints that has company: several at once on one terminal could not be read.
_output: ContextVar[IO[bytes] | None] = ContextVar("output", default=None)


def main() -> int:
    arguments = sys.argv[1:]
    full_faults = arguments[:1] == ["--faults"]
    started = time.monotonic()
    done = run_in_order([Check("set-up", lambda: bootstrap.set_up(for_tests=True))])
    if not has_failed(done):
        done += run_side_by_side(short_checks(), at_once=SHORT_AT_ONCE)
    if not has_failed(done):
        beside, alone = faults(full=full_faults)
        done += run_side_by_side([*long_checks(arguments[full_faults:]), *beside], at_once=LONG_AT_ONCE)
        done += run_in_order(alone)
    print(table(done, total=time.monotonic() - started), flush=True)
    failed = [one for one in done if one.failure]
    for one in failed:
        say(f"{one.name}: {one.failure}")
    return 1 if failed else 0


def has_failed(done: Sequence[Done]) -> bool:
    return any(one.failure for one in done)


def run_in_order(checks: Sequence[Check]) -> list[Done]:
    """Until one fails."""
    done: list[Done] = []
    for check in checks:
        print(f"\n== {check.name}", flush=True)
        done.append(carry_out(check))
        if done[-1].failure:
            break
    return done


def run_side_by_side(checks: Sequence[Check], *, at_once: int) -> list[Done]:
    """All to their end, so many at a time, in order; what a check printed is shown when it is done."""
    waiting, done = deque(checks), list[Done]()
    threads = [threading.Thread(target=copy_context().run, args=(take_from, waiting, done)) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def take_from(waiting: deque[Check], done: list[Done]) -> None:
    while True:
        try:
            check = waiting.popleft()
        except IndexError:
            return
        with tempfile.TemporaryFile() as output:
            _output.set(output)
            done.append(carry_out(check))
            output.seek(0)
            text = output.read().decode(errors="replace")
        print(f"\n== {check.name}\n{text}", flush=True)


def carry_out(check: Check) -> Done:
    started = time.monotonic()
    failure = attempt(check)
    return Done(check.name, time.monotonic() - started, failure)


def attempt(check: Check) -> str | None:
    try:
        check.run()
    except (CheckFailed, SetupError) as error:
        return str(error)
    except KeyboardInterrupt:
        return "interrupted"
    except Exception as error:
        # On a thread nobody else would hear of it, and a check that never came to its end would not be missed.
        return f"broke off with {error!r}"
    return None


def short_checks() -> list[Check]:
    """The longest first here too."""
    example = {"HARBOUR_HMAC_SECRET": "only the types are checked with this one"}
    return [
        Check("tests of the front end", lambda: npm("test")),
        Check("format", lambda: call(BIN / "ruff", "format", "--check", ".")),
        Check("lint", lambda: call(BIN / "ruff", "check", ".")),
        Check("types", lambda: call(BIN / "mypy", "--cache-dir=/dev/null")),
        Check("types of the example site", lambda: call(BIN / "mypy", cwd=SITE_DIR, changes=example)),
        Check("imports", lambda: call(BIN / "lint-imports")),
        Check("migrations", lambda: manage("makemigrations", "--check", "--dry-run")),
        Check("generated files", lambda: manage("export_protocol", "--check")),
        Check("types of the front end", lambda: npm("types")),
        Check("bundles and their budgets", lambda: npm("build")),
    ]


def long_checks(arguments: Sequence[str]) -> list[Check]:
    """The longest first, so that what is left at the end is short."""
    return [
        Check("tests on PostgreSQL", lambda: test_on_postgres(arguments)),
        Check("tests on SQLite", lambda: test_on_sqlite(arguments)),
        *(
            Check(f"browsers, {number} of 2", lambda half=half: test_whole_servers(half, arguments))  # type: ignore[misc]
            for number, half in enumerate(halves(BROWSERS), start=1)
        ),
        Check("whole servers", lambda: test_whole_servers(WHOLE_SERVERS, arguments)),
    ]


def faults(*, full: bool) -> tuple[list[Check], list[Check]]:
    """Every promise against real processes: what may have company, and what not.

    The full form takes hours' worth of faults in some tens of minutes, and all its figures are measured alone.
    """
    if full:
        return [], [Check("faults, full form", lambda: pytest(FAULTS, faults="full"))]
    return (
        [Check("faults that count", lambda: pytest(FAULTS, *ignoring(*MEASURING_FAULTS), faults="short"))],
        [Check("faults that measure", lambda: pytest(*MEASURING_FAULTS, faults="short"))],
    )


def halves(folder: str) -> list[list[str]]:
    """Every second file of a folder of tests, and the others."""
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / folder).glob("test_*.py"))
    return [files[::2], files[1::2]]


def call(*command: str | Path, changes: Mapping[str, str | None] | None = None, cwd: Path = ROOT) -> None:
    code = exit_code(*command, changes=changes, cwd=cwd)
    if code:
        raise CheckFailed(f"{' '.join(map(str, command))} ended with {code}")


def exit_code(*command: str | Path, changes: Mapping[str, str | None] | None = None, cwd: Path = ROOT) -> int:
    settings: dict[str, str | None] = {"DJANGO_SETTINGS_MODULE": None, "HANDOFF_DEMO": "1", **(changes or {})}
    output = _output.get()
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
    ).returncode


def manage(*arguments: str) -> None:
    call(VENV_PYTHON, "manage.py", *arguments)


def npm(script: str) -> None:
    node = front_end.find_node()
    path = front_end.node_environment(node)["PATH"]
    call(*front_end.npm_command(node), "run", "--silent", script, changes={"PATH": path})


def test_on_sqlite(arguments: Sequence[str]) -> None:
    """With what needs no database at all."""
    pytest(
        "-m",
        "not postgres",
        *ignoring(FAULTS, BROWSERS, *WHOLE_SERVERS, *POSTGRES_ALONE),
        *arguments,
        may_be_empty=bool(arguments),
    )


def test_on_postgres(arguments: Sequence[str]) -> None:
    elsewhere = ignoring(FAULTS, BROWSERS, *WHOLE_SERVERS, *ONE_DATABASE)
    with temporary_postgres() as url:
        pytest(*elsewhere, *arguments, database=url, may_be_empty=bool(arguments))


def test_whole_servers(paths: Sequence[str], arguments: Sequence[str]) -> None:
    """Of what a developer has named, that which is here."""
    within = [name for name in arguments if name.startswith(tuple(paths))]
    below = [path for path in paths if path.startswith(tuple(arguments) or "")]
    mine = dict.fromkeys([*within, *below])
    if mine:
        pytest("-m", "not postgres", *mine)


def ignoring(*paths: str) -> list[str]:
    return [f"--ignore={path}" for path in paths]


def pytest(*arguments: str, database: str | None = None, faults: str | None = None, may_be_empty: bool = False) -> None:
    plugins = [word for plugin in PYTEST_PLUGINS for word in ("-p", plugin)]
    changes = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "DATABASE_URL": database, "HANDOFF_FAULTS": faults}
    code = exit_code(VENV_PYTHON, "-m", "pytest", *plugins, *arguments, changes=changes)
    # A developer may have named tests that only the other database has.
    if code and not (may_be_empty and code == PYTEST_FOUND_NOTHING):
        raise CheckFailed(f"pytest ended with {code}")


def table(done: Sequence[Done], *, total: float) -> str:
    rows = [f"  {one.name:<28}{one.seconds:>8.1f} s   {'failed' if one.failure else 'ok'}" for one in done]
    return "\n".join(["", *rows, f"  {'all together':<28}{total:>8.1f} s"])


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
