"""What costs far more than it weighs: a JPEG that is gone over without end, and a sender who never comes to one."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import RequestAborted
from PIL import Image

from handoff.attachments.images import SCANS_PIXELS, count_scans
from handoff.config import uploads
from handoff.flows.sessions import sign_out
from handoff.identity.models import Session
from tests.attachments.files import PDF, fetch, image, link, send
from tests.scenes import connect

pytestmark = pytest.mark.django_db


def with_scans(more: int, *, size: tuple[int, int]) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    file = BytesIO()
    Image.new("L", size, 128).save(file, "JPEG", progressive=True)
    whole = file.getvalue()
    scan = whole[whole.rfind(b"\xff\xc4", 0, whole.rfind(b"\xff\xda")) : -2]
    return whole[:-2] + scan * more + whole[-2:]


def test_a_jpeg_of_endless_scans_is_not_decoded(maya, amira) -> None:
    talk = connect(maya, amira)
    size = (4000, 4000)
    bomb = with_scans(SCANS_PIXELS // (size[0] * size[1]), size=size)
    assert len(bomb) < 200_000
    assert send(maya, talk, bomb, "photo.jpg").code == "attachment_too_many_pixels"
    assert send(maya, talk, with_scans(20, size=(400, 400)), "photo.jpg").status == 201
    assert send(maya, talk, image("JPEG", size=(1200, 800), progressive=True), "photo.jpg").status == 201


def test_scans_are_counted_as_a_decoder_meets_them() -> None:
    plain = image("JPEG", size=(60, 40))
    scan = b"\xff\xda"
    assert count_scans(BytesIO(plain)) == 1
    assert count_scans(BytesIO(with_scans(7, size=(60, 40)))) == count_scans(BytesIO(with_scans(0, size=(60, 40)))) + 7
    # A preview in the EXIF part and a film behind the end are not gone over.
    preview = b"\xff\xe1" + (2 + 2 * 50).to_bytes(2) + scan * 50
    assert count_scans(BytesIO(plain[:2] + preview + plain[2:] + scan * 50)) == 1
    # Decoders pass over this marker without a length, so that nothing hides behind one.
    assert count_scans(BytesIO(plain[:-2] + b"\xff\x01\x7f\xf0" + scan + b"\0\2" + plain[-2:])) == 2


def test_a_link_does_not_outlive_the_sign_out(maya, amira) -> None:
    talk = connect(maya, amira)
    attachment = send(maya, talk, PDF, "bill.pdf").body["id"]
    url = link(maya, talk, attachment).body["url"]
    assert fetch(url)[0] == 200
    session = Session.objects.select_related("customer__site").get(customer__public_id=maya.customer["id"])
    sign_out(session, everywhere=False)
    assert fetch(url)[0] == 404


def test_a_body_that_drips_is_given_up(monkeypatch) -> None:
    """Each part comes in time, and the whole never does."""
    monkeypatch.setattr(uploads, "WHOLE_SECONDS", 0.2)

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b".", "more_body": True}

    async def read() -> None:
        await uploads.write_body({"headers": []}, drip, into=BytesIO())

    with pytest.raises(RequestAborted):
        asyncio.run(asyncio.wait_for(read(), 10))
