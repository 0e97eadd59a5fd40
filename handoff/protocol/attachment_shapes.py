"""Files on the wire: what a message carries, and what an upload and a link answer."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from handoff.protocol.shape import Shape

# As many as one message may carry.
MESSAGE_ATTACHMENTS = 10


class AttachmentView(Shape, frozen=True, kw_only=True):
    """A file: its name is safe to show and to save, its kind is a content type told by the content."""

    id: str
    name: str
    kind: str
    size: int
    # In pixels; null for what is no image.
    width: int | None
    height: int | None


class UploadedAttachment(AttachmentView, frozen=True, kw_only=True):
    """As a message will carry it. `is_still`: it moved when it was sent, and was stored as its first picture."""

    is_still: bool | UnsetType = UNSET


class AttachmentLink(Shape, frozen=True, kw_only=True):
    """An address that works by itself, without a header, until it expires or its reader may not read any more."""

    url: str
    expires_in: int
