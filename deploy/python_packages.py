"""Installs the hash-locked Python packages into .venv, with uv where it can be had and with pip where not."""

import sys
from functools import cache
from pathlib import Path

from deploy import debian
from deploy.shell import ROOT, TOOLS, VENV_PYTHON, SetupError, Stamp, answers, digest, environment, run, say, trouble

VENV = ROOT / ".venv"
RUNTIME = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"  # holds everything that RUNTIME holds
QUIET_PIP = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore"}
OWN_PYTHON = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}


def install(*, for_tests: bool) -> None:
    runtime, development = stamp(RUNTIME), stamp(DEVELOPMENT)
    wanted = development if for_tests else runtime
    if is_usable(VENV_PYTHON) and wanted.is_current():
        return
    uv = find_uv()
    create_venv(uv)
    say(f"installing Python packages from {(DEVELOPMENT if for_tests else RUNTIME).name}")
    for each in (runtime, development):
        each.path.unlink(missing_ok=True)
    install_lock(uv, DEVELOPMENT if for_tests else RUNTIME)
    runtime.set()
    if for_tests:
        development.set()


def stamp(lock: Path) -> Stamp:
    return Stamp(VENV / f".installed-{lock.name}", digest([lock]))


def is_usable(python: Path) -> bool:
    return answers(python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))")


def create_venv(uv: Path | None) -> None:
    if is_usable(VENV_PYTHON):
        return
    say(f"creating .venv for Python {sys.version.split()[0]}")
    if uv is not None:
        run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, VENV, env=environment(**OWN_PYTHON))
    else:
        run(sys.executable, "-m", "venv", "--clear", "--without-pip", VENV)


def install_lock(uv: Path | None, lock: Path) -> None:
    if uv is not None:
        arguments = ("pip", "install", "--quiet", "--python", VENV_PYTHON, "--require-hashes", "-r", lock)
        run(uv, *arguments, env=environment(**OWN_PYTHON))
    else:
        pip("--python", VENV_PYTHON, "install", "--quiet", "--require-hashes", "-r", lock)


@cache
def find_uv() -> Path | None:
    """Return uv at its locked version, fetching it when it is not here; None where the index does not serve it."""
    uv, lock = TOOLS / "bin" / "uv", ROOT / "deploy" / "uv.lock.txt"
    fetched = Stamp(TOOLS / ".uv", digest([lock]))
    if fetched.is_current() and answers(uv, "--version"):
        return uv
    require_pip()
    target = ("install", "--quiet", "--upgrade", "--target", TOOLS, "--require-hashes", "-r", lock)
    failure = trouble(sys.executable, "-m", "pip", *target, env=environment(**QUIET_PIP))
    if failure is not None or not answers(uv, "--version"):
        say("uv cannot be had here; pip does its work, more slowly")
        return None
    fetched.set()
    return uv


def pip(*arguments: str | Path) -> None:
    require_pip()
    run(sys.executable, "-m", "pip", *arguments, env=environment(**QUIET_PIP))


def require_pip() -> None:
    if answers(sys.executable, "-m", "pip", "--version"):
        return
    debian.install("python3-pip", why=f"{sys.executable} has no pip")
    if not answers(sys.executable, "-m", "pip", "--version"):
        raise SetupError(
            f"{sys.executable} has no pip, and Debian's python3-pip is for another Python. Install pip for it."
        )
