"""What an agent writes before it is sent, and what was asked again: their commands and their view."""

from __future__ import annotations

from typing import Final, Literal

from handoff.protocol.command import Count, OnHandoff
from handoff.protocol.shape import Shape

Mode = Literal["reply", "note"]
KnownSource = Literal["verified", "observed", "stated", "desk"]


class DraftView(Shape, frozen=True, kw_only=True):
    """What this agent wrote and has not sent; `clock` grows with every change, so that old words never win."""

    handoff: str
    reply: str
    note: str
    mode: Mode
    clock: int


class KeepDraft(OnHandoff, frozen=True, kw_only=True):
    """Acked with `{kept, clock}`: not kept where the same agent wrote something newer elsewhere, and its clock."""

    NAME = "draft.keep"
    reply: str
    note: str
    mode: Mode
    clock: Count


class RecordReask(OnHandoff, frozen=True, kw_only=True):
    """A question for what is on record: `sent` to the customer all the same, or taken back before."""

    NAME = "reask.record"
    key: str
    source: KnownSource
    client_id: str
    sent: bool


COMPOSER_COMMANDS: Final = (KeepDraft, RecordReask)
