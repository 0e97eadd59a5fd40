"""What a file is, told by its content alone: a name and a declared type are claims of whoever sends it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# As much of a file as is looked at to tell what it is.
HEAD_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Kind:
    """A content type, and the endings that a name of it may have; the first is the one it is given."""

    content_type: str
    endings: tuple[str, ...]
    is_image: bool = False


PNG: Final = Kind("image/png", ("png",), is_image=True)
JPEG: Final = Kind("image/jpeg", ("jpg", "jpeg"), is_image=True)
GIF: Final = Kind("image/gif", ("gif",), is_image=True)
WEBP: Final = Kind("image/webp", ("webp",), is_image=True)
PDF: Final = Kind("application/pdf", ("pdf",))
CSV: Final = Kind("text/csv", ("csv",))
TEXT: Final = Kind("text/plain", ("txt", "log"))
KINDS: Final = (PNG, JPEG, GIF, WEBP, PDF, CSV, TEXT)
BY_CONTENT_TYPE: Final = {kind.content_type: kind for kind in KINDS}

# Everything below a blank but tab, line feed, form feed and carriage return; no text of any 8-bit character set has it.
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MARKUP: Final = re.compile(rb"<\s*(?:!doctype|html|head|body|svg|script|iframe|\?xml)", re.IGNORECASE)
# Browsers look this far for markup in what says that it is text.
_MARKUP_BYTES: Final = 1024
_BOMS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def find_kind(head: bytes, *, name: str = "") -> Kind | None:
    """What a file that begins like this is, or None for what is not taken.

    The name decides only between the two kinds of plain text, which differ in nothing else.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    # At the very beginning: readers that search for it further on are how one file becomes two things.
    if head.startswith(b"%PDF-"):
        return PDF
    if is_plain_text(head) and not _looks_like_markup(head):
        return CSV if name.lower().endswith(".csv") else TEXT
    return None


def is_plain_text(part: bytes) -> bool:
    """True if nothing in it is a control character; a whole file is text if all its parts are."""
    return bool(part) and _CONTROLS.search(part) is None


def _looks_like_markup(head: bytes) -> bool:
    """What some program might run as a page: HTML, SVG and XML are refused, also under another name."""
    for mark in _BOMS:
        head = head.removeprefix(mark)
    return head.lstrip().startswith(b"<") or _MARKUP.search(head[:_MARKUP_BYTES]) is not None
