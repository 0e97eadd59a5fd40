"""`export_protocol`: write what is generated from the code, or check that it is up to date."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from handoff.broker.diagram import insert_diagram
from handoff.protocol import schema


class Command(BaseCommand):
    help = "Write docs/protocol.md, protocol.json, the TypeScript types and the state diagram."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Change nothing; fail if something is out of date.")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        root = settings.BASE_DIR
        architecture = root / "docs" / "architecture.md"
        generated = {
            root / "docs" / "protocol.md": schema.documentation(),
            root / "docs" / "protocol.json": schema.json_schema(),
            root / "static" / "src" / "shared" / "protocol.ts": schema.typescript(),
            architecture: insert_diagram(architecture.read_text() if architecture.exists() else ""),
        }
        stale = [path for path, text in generated.items() if not path.exists() or path.read_text() != text]
        if check and stale:
            raise CommandError("Out of date: " + ", ".join(str(path.relative_to(root)) for path in stale))
        for path in stale:
            path.parent.mkdir(exist_ok=True)
            path.write_text(generated[path])
            self.stdout.write(f"wrote {path.relative_to(root)}")
