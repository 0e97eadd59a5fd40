"""`apply_config`: the deployment's configuration, from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from handoff.flows.configuration.actions import ConfigurationRefused, apply


class Command(BaseCommand):
    help = "Create or update what a TOML file names. Whatever it does not name stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.toml")
        parser.add_argument("--json", action="store_true", help="print one object: changed, and new secrets, once")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            changes = apply(path.read_bytes(), file_name=str(path))
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        except ConfigurationRefused as refusal:
            raise CommandError(f"{refusal.message}\nNothing was changed.") from None
        except DatabaseError as error:
            raise CommandError(f"The database: {error}. If it is a new one, run `manage.py migrate` first.") from error
        if options["json"]:
            self.stdout.write(json.dumps({"changed": changes.lines, "secrets": changes.secrets}))
            return
        for line in changes.lines or ["nothing changed"]:
            self.stdout.write(line)
        for site, made in changes.secrets.items():
            self.stdout.write(f"Secret of site {site} (kid {made['kid']}), shown this once: {made['hmac_secret']}")
