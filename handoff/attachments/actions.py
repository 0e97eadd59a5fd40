"""Take a file in, send it with a message, forget it. The one writer of an attachment's status."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from tempfile import TemporaryFile
from typing import IO, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from msgspec import UNSET

from handoff.attachments import images, queries, scanning, storage
from handoff.attachments.images import Drawn
from handoff.attachments.kinds import CSV, HEAD_BYTES, TEXT, Kind, find_kind, is_plain_text
from handoff.attachments.links import Reader
from handoff.attachments.models import Attachment, Status
from handoff.attachments.names import make_name
from handoff.attachments.refusals import refuse
from handoff.broker import actions as broker
from handoff.broker.models import Handoff
from handoff.journeys.redaction import redact
from handoff.lib.errors import NotFound
from handoff.lib.turns import TURN_LIMIT
from handoff.protocol.attachment_shapes import UploadedAttachment
from handoff.realtime.clock import database_now

logger = logging.getLogger(__name__)

# No upload takes this long; what has not arrived by then never will.
ARRIVAL: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Arrived:
    """What is to be stored, made from what was sent."""

    kind: Kind
    name: str
    file: IO[bytes]
    size: int
    sha256: str
    drawn: Drawn | None


def check_room(handoff: Handoff, *, size: int) -> None:
    """Raises `handoff_closed`, `attachment_too_large`, or `attachments_full`."""
    broker.refuse_closed(handoff)
    check_size(size)
    count, held = queries.usage_of(handoff)
    if count >= settings.HANDOFF_ATTACHMENT_COUNT or held + size > settings.HANDOFF_ATTACHMENT_TOTAL_BYTES:
        raise refuse("attachments_full")


def check_size(size: int) -> None:
    """Raises `attachment_too_large`."""
    if size > settings.HANDOFF_ATTACHMENT_BYTES:
        raise refuse("attachment_too_large")


def take_in(handoff: Handoff, *, author: Reader, name: str, file: IO[bytes], size: int) -> UploadedAttachment:
    """Check a file, make it anew if it is an image, and keep it until a message carries it. Raises what is refused.

    The row comes before the file, so that no file is without one; it counts against the limits from then on.
    """
    check_room(handoff, size=size)
    if size == 0:
        raise refuse("attachment_empty")
    kind = _kind_of(file, name)
    scanning.check(file)
    with TemporaryFile() as made:
        drawn = images.redraw(file, kind=kind, into=made) if kind.is_image else None
        source = file if drawn is None else made
        stored_size, sha256 = _measure(source)
        shown = make_name(redact(name[-1000:]), kind=kind)
        arrived = Arrived(kind=kind, name=shown, file=source, size=stored_size, sha256=sha256, drawn=drawn)
        return _keep(handoff, author, arrived)


def _kind_of(file: IO[bytes], name: str) -> Kind:
    """Raises `attachment_not_allowed`."""
    file.seek(0)
    kind = find_kind(file.read(HEAD_BYTES), name=name)
    is_text = kind in (CSV, TEXT)
    if kind is None or (is_text and not all(map(is_plain_text, storage.read_in_parts(file)))):
        raise refuse("attachment_not_allowed")
    return kind


def _measure(file: IO[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    for part in storage.read_in_parts(file):
        digest.update(part)
        size += len(part)
    return size, digest.hexdigest()


def _keep(handoff: Handoff, author: Reader, arrived: Arrived) -> UploadedAttachment:
    row = _reserve(handoff, author, arrived)
    try:
        arrived.file.seek(0)
        storage.save(arrived.file, name=row.storage_name)
    except BaseException:
        _discard(row)
        raise
    # A name that was emptied says that the customer was erased meanwhile.
    kept = Attachment.objects.filter(pk=row.pk, status=Status.ARRIVING).exclude(name="").update(status=Status.READY)
    if not kept:
        _discard(row)
        raise NotFound
    is_still = arrived.drawn is not None and arrived.drawn.is_still
    return UploadedAttachment(**queries.view(row).to_wire(), is_still=True if is_still else UNSET)


@transaction.atomic
def _reserve(handoff: Handoff, author: Reader, arrived: Arrived) -> Attachment:
    """Under the handoff's lock, so that many uploads at once do not each find the last place free."""
    locked = broker.lock_any(handoff.public_id)
    # A file may be long on its way; whoever sent it may have lost the handoff since.
    if locked is None or not queries.may_read(locked, author):
        raise NotFound
    check_room(locked, size=arrived.size)
    return Attachment.objects.create(
        handoff=locked,
        author_kind=author.kind,
        author_id=author.id,
        name=arrived.name,
        kind=arrived.kind.content_type,
        size=arrived.size,
        width=arrived.drawn.width if arrived.drawn else None,
        height=arrived.drawn.height if arrived.drawn else None,
        sha256=arrived.sha256,
        status=Status.ARRIVING,
        storage_name=storage.new_name(),
        created_at=database_now(),
    )


def remove(attachment_id: str, *, handoff: Handoff, author: Reader) -> None:
    """Take back a file that was not sent yet. Raises NotFound; what was sent stays."""
    own = Attachment.objects.filter(
        public_id=attachment_id, handoff=handoff, author_kind=author.kind, author_id=author.id, status=Status.READY
    )
    row = own.first()
    if row is None or not own.update(status=Status.DROPPED):
        raise NotFound
    _discard(row)


# -- sending: called by the message batch, under the lock of the handoff's stream


def lock_ready(ids: Collection[str]) -> dict[str, Attachment]:
    """Those of these that wait to be sent, locked against being swept meanwhile."""
    rows = Attachment.objects.select_for_update(no_key=True).filter(public_id__in=ids, status=Status.READY)
    return {row.public_id: row for row in rows.order_by("pk")}


def mark_sent(rows: Collection[Attachment]) -> None:
    Attachment.objects.filter(pk__in=[row.pk for row in rows]).update(status=Status.SENT)


# -- forgetting


def move(source: Handoff, target: Handoff) -> None:
    """What was sent in a handoff that closes into another is read there."""
    Attachment.objects.filter(handoff=source).update(handoff=target)


def change_author(handoff: Handoff, *, before: str, after: str) -> None:
    """A stranger turned out to be somebody: their files are that customer's."""
    Attachment.objects.filter(handoff=handoff, author_kind="customer", author_id=before).update(author_id=after)


def erase(handoff: Handoff) -> None:
    """Nothing of them can be read from here on; the files go after the commit, or with the next sweep."""
    rows = Attachment.objects.filter(handoff=handoff)
    rows.update(name="", sha256="", size=0, width=None, height=None)
    rows.filter(status__in=[Status.READY, Status.SENT]).update(status=Status.DROPPED)
    transaction.on_commit(partial(_discard_dropped, handoff.pk))


def forget(handoff_pks: Collection[int]) -> None:
    """The files of handoffs that are about to go. A file that cannot be removed keeps its row, and so its handoff."""
    for row in Attachment.objects.filter(handoff_id__in=handoff_pks).order_by("pk"):
        # Before the file: what is gone is not to be offered.
        Attachment.objects.filter(pk=row.pk).update(status=Status.DROPPED)
        _discard(row)


def _discard_dropped(handoff_pk: int) -> None:
    for row in Attachment.objects.filter(handoff_id=handoff_pk, status=Status.DROPPED):
        _discard(row)


def sweep(*, now: datetime) -> int:
    """Forget what was uploaded and not sent in time, what never arrived, and what is left of the dropped."""
    unsent = now - timedelta(seconds=settings.HANDOFF_SECONDS["ATTACHMENT_UNSENT"])
    over = (
        Q(status=Status.DROPPED)
        | Q(status=Status.READY, created_at__lt=unsent)
        | Q(status=Status.ARRIVING, created_at__lt=now - ARRIVAL)
    )
    rows: Sequence[Attachment] = list(Attachment.objects.filter(over).order_by("created_at")[:TURN_LIMIT])
    # One that is being sent in this moment is not dropped: the batch holds its row, and it is no longer ready then.
    return sum(_drop(row) for row in rows)


def _drop(row: Attachment) -> bool:
    dropped = Attachment.objects.filter(pk=row.pk).exclude(status=Status.SENT).update(status=Status.DROPPED)
    return bool(dropped) and _discard(row)


def _discard(row: Attachment) -> bool:
    """The file first: a row whose file could not be removed waits for the next sweep."""
    try:
        storage.remove(row.storage_name)
    except OSError:
        logger.exception("a file could not be removed; the next sweep tries again")
        Attachment.objects.filter(pk=row.pk).update(status=Status.DROPPED)
        return False
    Attachment.objects.filter(pk=row.pk).delete()
    return True
