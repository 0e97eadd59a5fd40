"""Stands in for the programs that would change the machine itself: packages, users, systemd, certificates.

Everything else that the manual calls is the real program. Run as `python stand_ins.py PROGRAM ARGUMENTS`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks import units
from tests.benchmarks.rehoming import VARIABLE, Rehoming

# What a package brings, so that a missing one is told by its name.
PACKAGES: Final = {
    "git": "git", "python3": "python3", "python3-venv": "python3", "python3-pip": "python3", "curl": "curl",
    "openssl": "openssl", "nginx": "/usr/sbin/nginx", "postgresql": "psql", "pgbouncer": "/usr/sbin/pgbouncer",
    "redis-server": "redis-server",
    # Stood in for below: it would ask a certificate authority on the internet.
    "certbot": "sh",
}  # fmt: skip
# The operator's files in a release: what they say is put elsewhere like the manual's commands.
REHOMED: Final = ("*.conf", "*.ini", "*.env", "*.toml", "systemd/*", "with_settings", "rolling_restart")
# What setting up would fetch anew is shared; what a clone does not bring stays behind.
SHARED: Final = (".venv", ".tools", "node_modules")
LEFT: Final = (*SHARED, "var", ".*", "__pycache__", "tests")


def apt_get(place: Rehoming, arguments: list[str]) -> None:
    verb, *packages = [word for word in arguments if not word.startswith("-")]
    if verb != "install":
        return
    missing = [package for package in packages if shutil.which(PACKAGES[package]) is None]
    if missing:
        sys.exit(f"not installed on this machine: {', '.join(missing)}")
    home = Path(place.home)
    for folder in ("etc/nginx/conf.d", "etc/nginx/sites-enabled", "etc/pgbouncer", "etc/redis", "etc/systemd/system"):
        (home / folder).mkdir(parents=True)
    for folder in (
        "var/lib/redis",
        "var/log/nginx",
        "var/log/redis",
        "var/log/units",
        "var/www/html",
        "run/redis",
        "run/units",
    ):
        (home / folder).mkdir(parents=True)
    (home / "var/run").symlink_to("../run")
    configure_nginx(place)
    units.create_cluster(place)


def configure_nginx(place: Rehoming) -> None:
    """As its package does it; and with its temporary folders, which are compiled in, here too."""
    text = place.text(Path("/etc/nginx/nginx.conf").read_text())
    folders = "".join(
        f"{name}_temp_path {place.home}/var/nginx-{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = text.replace("http {", f"http {{\n{folders}", 1)
    if os.geteuid():
        text = text.replace("user www-data;", "")
    (Path(place.home) / "etc/nginx/nginx.conf").write_text(text)
    shutil.copy("/etc/nginx/mime.types", Path(place.home) / "etc/nginx")


def git(place: Rehoming, arguments: list[str]) -> None:
    """A clone is a copy of this one."""
    target, source = Path(arguments[-1]), Path(place.clone)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*LEFT), symlinks=True)
    for name in SHARED:
        if (source / name).exists():
            (target / name).symlink_to(source / name)
    for pattern in REHOMED:
        for file in (target / "deploy").glob(pattern):
            file.write_text(place.text(file.read_text()))
    with (target / "deploy" / "handoff.env").open("a") as settings:
        settings.writelines(f"{line}\n" for line in place.settings)


def install(place: Rehoming, arguments: list[str]) -> None:
    """Without the owners that this machine does not have."""
    kept, words = [], iter(arguments)
    for word in words:
        if word in ("-o", "-g") and not is_known(owner := next(words)):
            continue
        kept += [word, owner] if word in ("-o", "-g") else [word]
    run_real("install", *kept)


def is_known(name: str) -> bool:
    """Only root can give files away, and only to somebody who is there."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return os.geteuid() == 0


def runuser(place: Rehoming, arguments: list[str]) -> None:
    _, user, _, *command = arguments
    run_real(*(("runuser", "-u", user, "--", *command) if is_known(user) else command))


def certbot(place: Rehoming, arguments: list[str]) -> None:
    """A certificate that signs itself, for the name that was asked for."""
    name = arguments[arguments.index("--domain") + 1]
    folder = Path(place.home) / "etc/letsencrypt/live" / name
    folder.mkdir(parents=True)
    wanted = (
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={name}",
        "-addext",
        f"subjectAltName=DNS:{name}",
    )
    files = ("-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem")
    subprocess.run(["openssl", "req", "-x509", *wanted, *files], check=True, capture_output=True)


def nginx(place: Rehoming, arguments: list[str]) -> None:
    run_real("/usr/sbin/nginx", "-c", f"{place.home}/etc/nginx/nginx.conf", *arguments)


def useradd(place: Rehoming, arguments: list[str]) -> None:
    """The services run as whoever runs the test."""


def run_real(program: str, *arguments: str) -> NoReturn:
    """The program itself, without a stand-in in its way."""
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if not part.endswith("/stand-ins"))
    found = shutil.which(program, path=path)
    if found is None:
        sys.exit(f"{program}: not found")
    os.execve(found, [program, *arguments], os.environ | {"PATH": path})


PROGRAMS: Final[dict[str, Callable[[Rehoming, list[str]], None]]] = {
    "apt-get": apt_get,
    "certbot": certbot,
    "git": git,
    "install": install,
    "nginx": nginx,
    "runuser": runuser,
    "systemctl": units.systemctl,
    "useradd": useradd,
}


def main() -> None:
    place = Rehoming.load(Path(os.environ[VARIABLE]))
    PROGRAMS[sys.argv[1]](place, sys.argv[2:])


if __name__ == "__main__":
    main()
