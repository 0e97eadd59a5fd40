"""Migrations while servers serve: what cannot have its locks at once lets everybody pass and tries again."""

import os
import subprocess
import time
from collections.abc import Mapping
from typing import Final

from deploy.backups import exit_saying
from deploy.databases import call, libpq_variables
from deploy.shell import ROOT, VENV_PYTHON, SetupError, environment, say

# Whoever waits for a table makes everybody wait who comes after. Less than PostgreSQL's second until it looks for
# deadlocks, so that of the two it is always the migration that gives way.
WAIT_LIMITS: Final = "-c lock_timeout=500ms -c statement_timeout=0 -c idle_in_transaction_session_timeout=0"
ATTEMPTS: Final = 60
PAUSE_SECONDS: Final = 1
NEWS_SECONDS: Final = 30
# What PostgreSQL says when somebody else was quicker.
IN_THE_WAY: Final = ("lock timeout", "deadlock detected")
# Not what somebody else is just building, or has built by the time it is asked for.
_HALF_BUILT: Final = """
    SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %s', indexrelid::regclass)
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE NOT indisvalid AND relkind = 'i' AND indrelid::regclass::text LIKE 'handoff\\_%'
    AND indexrelid NOT IN (SELECT index_relid FROM pg_stat_progress_create_index)
"""


def migrate(url: str) -> None:
    """Bring the database to this release. Raises SetupError."""
    env = environment(DATABASE_URL=url, PGOPTIONS=WAIT_LIMITS)
    for attempt in range(1, ATTEMPTS + 1):
        code, told = run_once(env)
        if not code:
            print(told, end="")
            return
        if not any(words in told for words in IN_THE_WAY):
            raise SetupError(f"migrate failed; what it had begun was taken back.\n{told.strip()[-4000:]}")
        say(f"attempt {attempt}: the tables are busy; nothing of the step was changed")
        drop_half_built(url)
        time.sleep(PAUSE_SECONDS)
    raise SetupError(
        f"The tables were busy {ATTEMPTS} times. Look for long transactions (a backup, a report) in pg_stat_activity."
    )


def run_once(env: Mapping[str, str]) -> tuple[int, str]:
    """How it ended and what it said; whoever looks on is told now and then that it is not forgotten."""
    with subprocess.Popen(
        [VENV_PYTHON, "manage.py", "migrate", "--no-input"], cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        while True:
            try:
                told, _ = process.communicate(timeout=NEWS_SECONDS)
            except subprocess.TimeoutExpired:
                say("still at it: an index of a large table takes its time, and waits for a backup (others need not)")
            else:
                return process.returncode, told


def drop_half_built(url: str) -> None:
    """Indexes that were given up on while they were built: they cost writes, help no reader, and block the next try."""
    env = environment(**libpq_variables(url))
    ask = ("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command")
    for statement in call(*ask, _HALF_BUILT, env=env).splitlines():
        if statement.strip():
            call(*ask, statement, env=env)


def main() -> None:
    url = os.environ.get("DIRECT_DATABASE_URL") or os.environ.get("DATABASE_URL", "")
    if not url:
        raise SetupError("Set DIRECT_DATABASE_URL or DATABASE_URL (deploy/with_settings does).")
    migrate(url)


if __name__ == "__main__":
    exit_saying(main)
