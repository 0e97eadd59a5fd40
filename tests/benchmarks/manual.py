"""The commands of docs/operations.md, as its reader would type them."""

from __future__ import annotations

import re
from typing import Final

from deploy.shell import ROOT

PAGE: Final = ROOT / "docs" / "operations.md"
FIRST_START: Final = "From an empty Debian 12"
BACKUP: Final = "Backups"
RESTORE: Final = "Restoring a backup"
RESTART: Final = "Restarting"
UPGRADE: Final = "Upgrading"

_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(section: str) -> str:
    """Every block of one section and what is below it, in order: they share one shell. Raises LookupError."""
    _, found, rest = PAGE.read_text().partition(f"\n## {section}\n")
    if not found:
        raise LookupError(f"docs/operations.md has no section {section!r}")
    text = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    blocks = _BLOCK.findall(text)
    if not blocks:
        raise LookupError(f"{section!r} of docs/operations.md has no commands")
    return "\n".join(blocks)
