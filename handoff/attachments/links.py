"""Links that work by themselves for a minute, for one reader and one file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core import signing

from handoff.lib.errors import NotFound

_SALT: Final = "handoff.attachments.links"
PATH: Final = "/api/v1/attachments/"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asked: a customer or an agent by public id. Whether they still may is looked up when the link is used."""

    kind: str
    id: str


def make_link(attachment_id: str, *, reader: Reader) -> str:
    """A path on our own origin."""
    return PATH + signing.dumps([attachment_id, reader.kind, reader.id], salt=_SALT)


def life_seconds() -> int:
    return int(settings.HANDOFF_SECONDS["ATTACHMENT_LINK"])


def read_link(seal: str) -> tuple[str, Reader]:
    """Raises NotFound for one that is forged or over."""
    try:
        attachment_id, kind, id_ = signing.loads(seal, salt=_SALT, max_age=life_seconds())
    except (signing.BadSignature, ValueError, TypeError):
        raise NotFound from None
    return attachment_id, Reader(kind=kind, id=id_)
