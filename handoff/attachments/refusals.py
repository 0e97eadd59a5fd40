"""Why a file is not taken: stable codes, each with a sentence for a person."""

from __future__ import annotations

from typing import Final

from handoff.lib.errors import DomainError

_MESSAGES: Final = {
    "attachment_too_large": "The file is larger than may be sent.",
    "attachment_empty": "The file is empty.",
    "attachment_not_allowed": "Files of this kind are not taken: PNG, JPEG, GIF, WebP, PDF, CSV and plain text are.",
    "attachment_unreadable": "The file is damaged: it cannot be read as what it is.",
    "attachment_too_many_pixels": "The image has more pixels than may be sent.",
    "attachment_unsafe": "The scanner found something harmful in the file.",
    "attachment_not_scanned": "The file could not be checked just now; nothing was kept. Try again.",
    "attachments_full": "This handoff holds as many files as it may.",
    "attachment_gone": "A file of this message cannot be sent: it is not yours to send, was sent before, or is gone.",
}


def refuse(code: str) -> DomainError:
    return DomainError(code, _MESSAGES[code])
