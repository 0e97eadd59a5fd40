"""The files that messages carry: whose they are, and that each goes out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from msgspec import UNSET, UnsetType

from handoff.attachments import actions as attachments
from handoff.attachments.models import Attachment
from handoff.attachments.queries import view
from handoff.attachments.refusals import refuse
from handoff.lib.errors import DomainError
from handoff.protocol.attachment_shapes import MESSAGE_ATTACHMENTS, AttachmentView

Files = Mapping[str, Attachment]
NONE: Final[Files] = {}
_ID_CHARACTERS: Final = 40


class Carrier(Protocol):
    """A message on its way."""

    @property
    def author_kind(self) -> str: ...
    @property
    def author_id(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def attachments(self) -> tuple[str, ...]: ...


def check_ids(ids: Sequence[str]) -> tuple[str, ...]:
    """Raises `invalid_request` for too many, the same twice, or what is no id."""
    is_wrong = len(ids) > MESSAGE_ATTACHMENTS or len(set(ids)) < len(ids)
    if is_wrong or any(len(one) > _ID_CHARACTERS or "\0" in one for one in ids):
        raise DomainError("invalid_request", "The attachments are malformed.", fields={"attachments": "invalid"})
    return tuple(ids)


def lock_files(sends: Sequence[Carrier]) -> Files:
    """All that this batch may send, in one query; none at all for messages without files."""
    ids = {one for send in sends for one in send.attachments}
    return attachments.lock_ready(ids) if ids else NONE


class Claims:
    """Which message of a batch takes which file: two must not send the same one, a repeat is the same message."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._taken: dict[str, tuple[str, str]] = {}

    def refusal(self, send: Carrier, *, handoff_pk: int) -> DomainError | None:
        """`attachment_gone` unless each file is the sender's own, unsent, and of this handoff."""
        key = (send.author_id, send.client_id)
        for one in send.attachments:
            row = self.files.get(one)
            if row is None or row.handoff_id != handoff_pk or self._taken.get(one, key) != key:
                return refuse("attachment_gone")
            if (row.author_kind, row.author_id) != (send.author_kind, send.author_id):
                return refuse("attachment_gone")
        self._taken |= dict.fromkeys(send.attachments, key)
        return None


# For messages without files.
NO_CLAIMS: Final = Claims(NONE)


def views_of(send: Carrier, files: Files) -> list[AttachmentView] | UnsetType:
    return [view(files[one]) for one in send.attachments if one in files] if send.attachments else UNSET


def mark_sent(sends: Sequence[Carrier], files: Files) -> None:
    """Of messages that were stored just now."""
    rows = [files[one] for send in sends for one in send.attachments]
    if rows:
        attachments.mark_sent(rows)
