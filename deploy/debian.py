"""Installs Debian packages when that is possible, and says plainly when it is not."""

import os
import shutil
from functools import cache

from deploy.shell import SetupError, environment, run, say


def can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(*packages: str, why: str) -> None:
    """Install packages, or tell the person which command would."""
    if not can_install():
        raise SetupError(f"{why}. On Debian: sudo apt-get install {' '.join(packages)}")
    say(f"{why}: installing {', '.join(packages)}")
    refresh()
    apt("install", "--yes", "--no-install-recommends", *packages)


@cache
def refresh() -> None:
    apt("update")


def apt(*arguments: str) -> None:
    # Another installation on the machine may hold the lock for minutes.
    run(
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=300",
        "--quiet",
        *arguments,
        env=environment(DEBIAN_FRONTEND="noninteractive"),
    )
