"""What every command of a socket has, whichever file it stands in."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

# The largest integer that a browser holds exactly.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all commands; `NAME` is its `cmd` on the wire."""

    NAME: ClassVar[str]
    cmd: str
    id: str


class OnHandoff(Command, frozen=True, kw_only=True):
    handoff: str


class Owned(OnHandoff, frozen=True, kw_only=True):
    """May say which version of the handoff its sender saw; an agent who saw an older one is refused."""

    version: Count | None = None
