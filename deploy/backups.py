"""A backup that can be read, and the way back: the database as of one moment, the files, and a new epoch."""

import argparse
import calendar
import hashlib
import json
import os
import shutil
import sys
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy import databases
from deploy.shell import ROOT, VENV_PYTHON, SetupError, environment, run, say

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
NAME: Final = "%Y%m%dT%H%M%SZ"
UNFINISHED: Final = ".unfinished-"
DAY_SECONDS: Final = 86400
# Each is kept as a tar of its own; the third is where `serve` looks without a setting.
FOLDERS: Final = (
    ("attachments", "HANDOFF_ATTACHMENT_ROOT", ROOT / "var" / "attachments"),
    ("brand", "HANDOFF_BRAND_ROOT", ROOT / "var" / "brand"),
)


@dataclass(frozen=True)
class Sources:
    """What a deployment keeps."""

    database: databases.Database
    folders: dict[str, Path]


def from_environment() -> Sources:
    """Of the deployment that this process has the settings of. Raises SetupError."""
    url = os.environ.get("DIRECT_DATABASE_URL") or os.environ.get("DATABASE_URL", "")
    if not url:
        raise SetupError("Set DIRECT_DATABASE_URL or DATABASE_URL (deploy/with_settings does).")
    folders = {name: Path(os.environ.get(variable) or default) for name, variable, default in FOLDERS}
    return Sources(databases.open_database(url), folders)


def back_up(into: Path, *, sources: Sources, keep_days: int) -> Path:
    """Write one more backup below a folder, read it back, and remove those that are too old. Raises SetupError."""
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = time.time()
    name = time.strftime(NAME, time.gmtime(now))
    unfinished = into / f"{UNFINISHED}{name}"
    unfinished.mkdir(mode=0o700)
    try:
        migration = sources.database.newest_migration()
        # The database first: a file that it knows of is there by then. One that came later is only of no use.
        sources.database.dump(unfinished / sources.database.dump_name)
        for kind, folder in sources.folders.items():
            if folder.is_dir():
                pack(folder, unfinished / f"{kind}.tar")
        write_manifest(unfinished, engine=sources.database.engine, migration=migration, now=now)
        check(unfinished)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    finished = into / name
    unfinished.rename(finished)
    sync(into)
    forget(into, before=now - keep_days * DAY_SECONDS, but=finished)
    return finished


def pack(folder: Path, target: Path) -> None:
    with tarfile.open(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            # Whoever was erased meanwhile stays erased.
            try:
                archive.add(path, arcname=path.relative_to(folder).as_posix(), recursive=False)
            except FileNotFoundError:
                continue


def write_manifest(backup: Path, *, engine: str, migration: str, now: float) -> None:
    files = {path.name: {"bytes": path.stat().st_size, "sha256": digest(path)} for path in sorted(backup.iterdir())}
    told = {
        "format": FORMAT,
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "engine": engine,
        "migration": migration,
        "files": files,
    }
    (backup / MANIFEST).write_text(json.dumps(told, indent=1))
    for path in (*backup.iterdir(), backup):
        sync(path)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """A backup that the disk has not seen is none."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def check(backup: Path) -> dict[str, Any]:
    """Read every byte of a backup; answers its manifest. Raises SetupError."""
    try:
        manifest: dict[str, Any] = json.loads((backup / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise SetupError(f"{backup} is not a backup: {error}") from None
    if manifest.get("format") != FORMAT:
        raise SetupError(f"{backup} has format {manifest.get('format')}; this release reads {FORMAT}.")
    for name, told in manifest["files"].items():
        path = backup / name
        if not path.is_file() or path.stat().st_size != told["bytes"] or digest(path) != told["sha256"]:
            raise SetupError(f"{path} is missing or not what was written. Take another backup.")
    databases.engine_of(manifest["engine"]).check_dump(backup)
    for path in sorted(backup.glob("*.tar")):
        with tarfile.open(path) as archive:
            for _ in archive:
                pass
    return manifest


def forget(into: Path, *, before: float, but: Path) -> None:
    """Remove old backups, and what is left of those that were cut off."""
    for path in into.iterdir():
        name = path.name.removeprefix(UNFINISHED)
        if path != but and made_at(name) < before:
            shutil.rmtree(path)
            say(f"removed {path}")


def made_at(name: str) -> float:
    """What is not named like a backup is not ours to remove."""
    try:
        return calendar.timegm(time.strptime(name, NAME))
    except ValueError:
        return float("inf")


def restore(backup: Path, *, sources: Sources) -> None:
    """Fill an empty database and empty folders from a backup, and begin a new epoch. Raises SetupError."""
    manifest = check(backup)
    require_room(manifest, sources)
    say(f"restoring the backup of {manifest['made_at']}")
    try:
        fill(backup, sources=sources)
    except BaseException:
        say("The restore did not come to its end. Start nothing on it: begin again with an empty database and folders.")
        raise
    say("restored, with a new epoch: every client starts anew from a snapshot. Start the servers.")


def fill(backup: Path, *, sources: Sources) -> None:
    """Everything, in this order: until the database is there, at once and whole, no server starts."""
    for kind, folder in sources.folders.items():
        if (archive := backup / f"{kind}.tar").is_file():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tarfile.open(archive) as packed:
                packed.extractall(folder, filter="data")
    sources.database.load(backup / sources.database.dump_name)
    # A backup of the release before lacks what this one has added.
    manage("migrate", "--no-input", sources=sources)
    manage("new_epoch", sources=sources)


def require_room(manifest: dict[str, Any], sources: Sources) -> None:
    """Raises SetupError rather than write over something."""
    database = sources.database
    if manifest["engine"] != database.engine:
        raise SetupError(f"The backup is of {manifest['engine']}, and DATABASE_URL leads to {database.engine}.")
    if not (ROOT / "handoff" / "migrations" / f"{manifest['migration']}.py").is_file():
        raise SetupError(f"The backup is of a newer release, with migration {manifest['migration']}. Restore with it.")
    if not database.is_empty():
        raise SetupError(f"{database.not_empty} Restore into a new one; nothing was changed.")
    for folder in sources.folders.values():
        if folder.is_dir() and any(folder.iterdir()):
            raise SetupError(f"{folder} is not empty. Move it away; nothing was changed.")


def manage(*arguments: str, sources: Sources) -> None:
    run(VENV_PYTHON, "manage.py", *arguments, env=environment(DATABASE_URL=sources.database.url))


def main(arguments: list[str]) -> None:
    verb, *rest = arguments
    parser = argparse.ArgumentParser(prog=f"deploy/{verb.replace('back_up', 'backup')}")
    if verb == "restore":
        parser.add_argument("backup", type=Path)
        restore(parser.parse_args(rest).backup, sources=from_environment())
        return
    parser.add_argument("path", type=Path, metavar="FOLDER")
    parser.add_argument("--check", action="store_true", help="read the backup in FOLDER, and write nothing")
    chosen = parser.parse_args(rest)
    if chosen.check:
        say(f"{chosen.path} can be read: {json.dumps(check(chosen.path), indent=1)}")
        return
    print(back_up(chosen.path, sources=from_environment(), keep_days=keep_days()))


def keep_days() -> int:
    """Raises SetupError, before there is a backup and the others are judged by it."""
    told = os.environ.get("HANDOFF_BACKUP_KEEP_DAYS") or "14"
    if not told.isdecimal() or not int(told):
        raise SetupError(f"HANDOFF_BACKUP_KEEP_DAYS is {told}: say how many days, at least 1.")
    return int(told)


def exit_saying(work: Callable[[], None]) -> None:
    """For a program of the operator's: what a person has to put right is one sentence, not a stack."""
    try:
        work()
    except SetupError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    exit_saying(lambda: main(sys.argv[1:]))
