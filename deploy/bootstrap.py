"""Brings a fresh clone to the point where it runs: packages, built front end, and for tests the servers and browser."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from deploy import debian, front_end, postgres, python_packages
from deploy.shell import TOOLS


def set_up(*, for_tests: bool = False) -> None:
    """Do whatever is not done yet; with nothing to do it takes a moment."""
    with one_at_a_time():
        python_packages.install(for_tests=for_tests)
        front_end.install()
        front_end.build()
        if for_tests:
            install_test_programs()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_test_programs() -> None:
    missing = {
        "chromium": shutil.which("chromium") is None,
        "redis-server": shutil.which("redis-server") is None,
        # Poolers and their modes: tests/faults/test_poolers.py.
        "pgbouncer": shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None,
        # The machine of docs/operations.md: tests/deploy/test_manual.py.
        "nginx": shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None,
        "curl": shutil.which("curl") is None,
        "openssl": shutil.which("openssl") is None,
        "postgresql": postgres.find_binaries() is None,
        # Rows about wrong clocks: tests/faults/test_timers.py.
        "faketime": shutil.which("faketime") is None,
        # Real phones: tests/telephony.
        "sip-tester": shutil.which("sipp") is None,
        "baresip": shutil.which("baresip") is None,
    }
    if packages := [name for name, is_missing in missing.items() if is_missing]:
        debian.install(*packages, why="the tests need " + ", ".join(packages))
