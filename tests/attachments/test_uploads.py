"""What is taken in, what is refused, and what is stored of it."""

from __future__ import annotations

import logging
import time
import tracemalloc
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from handoff.attachments import images
from handoff.attachments.kinds import GIF, PNG
from handoff.attachments.models import Attachment
from tests.attachments.files import (
    PDF,
    fetch,
    gif_and_script,
    image,
    link,
    moving,
    noise,
    png_header,
    send,
    stored_files,
)
from tests.scenes import CARD, connect

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(maya, amira) -> str:
    return connect(maya, amira)


def got_back(page: Any, handoff_id: str, attachment_id: str) -> tuple[Any, bytes]:
    status, headers, content = fetch(link(page, handoff_id, attachment_id).body["url"])
    assert status == 200
    return headers, content


def test_a_photo_is_stored_as_its_pixels_alone(maya, talk, root) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif[0x0112] = 6
    sent = image("JPEG", size=(60, 40), exif=exif, comment=b"a secret comment")
    answer = send(maya, talk, sent, "Ferien.JPG")
    assert answer.status == 201, answer.body
    assert answer.body | {"id": "", "size": 0} == {
        "id": "",
        "name": "Ferien.jpg",
        "kind": "image/jpeg",
        "size": 0,
        # Taken upright: turned as it is to be seen.
        "width": 40,
        "height": 60,
    }
    headers, content = got_back(maya, talk, answer.body["id"])
    assert len(content) == answer.body["size"] == int(headers["Content-Length"])
    assert b"home" not in content
    assert b"secret" not in content
    assert b"Exif" not in content
    assert Image.open(BytesIO(content)).size == (40, 60)
    assert [path.read_bytes() for path in stored_files(root)] == [content]


@pytest.mark.parametrize("as_form", [True, False])
def test_a_form_and_a_raw_body_are_the_same(maya, talk, as_form: bool) -> None:
    answer = send(maya, talk, PDF, "Größe €.pdf", as_form=as_form)
    assert (answer.status, answer.body["name"], answer.body["kind"]) == (201, "Größe €.pdf", "application/pdf")
    assert got_back(maya, talk, answer.body["id"])[1] == PDF


@pytest.mark.parametrize(
    ("content", "name", "code", "status"),
    [
        (b"<html><script>alert(1)</script>", "receipt.png", "attachment_not_allowed", 415),
        (b"<svg onload='alert(1)'/>", "drawing.png", "attachment_not_allowed", 415),
        (b"MZ" + noise(500), "receipt.pdf", "attachment_not_allowed", 415),
        (b"plain at first\n" * 1000 + b"\x00\x01", "a.txt", "attachment_not_allowed", 415),
        (image("JPEG", size=(300, 300))[:-4000], "cut.jpg", "attachment_unreadable", 422),
        (b"\x89PNG\r\n\x1a\n" + noise(300), "noise.png", "attachment_unreadable", 422),
        (b"GIF89a", "nothing.gif", "attachment_unreadable", 422),
        (b"RIFF\x10\0\0\0WEBP" + noise(40), "a.webp", "attachment_unreadable", 422),
        (png_header(50_000, 50_000), "large.png", "attachment_too_many_pixels", 413),
        (png_header(5_001, 5_000), "large.png", "attachment_too_many_pixels", 413),
        (png_header(2**31 - 1, 2**31 - 1), "larger.png", "attachment_too_many_pixels", 413),
        (b"", "empty.png", "attachment_empty", 422),
    ],
)
@pytest.mark.parametrize("as_form", [True, False])
def test_what_is_refused_leaves_nothing(
    maya, talk, root, content: bytes, name: str, code: str, status: int, as_form: bool
) -> None:
    answer = send(maya, talk, content, name, as_form=as_form)
    assert (answer.code, answer.status) == (code, status), answer.body
    assert stored_files(root) == []
    assert not Attachment.objects.exists()


def test_an_image_of_2500_million_pixels_costs_nothing_to_refuse(maya, talk) -> None:
    tracemalloc.start()
    began = time.process_time()
    assert send(maya, talk, png_header(50_000, 50_000)).code == "attachment_too_many_pixels"
    seconds = time.process_time() - began
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # It would be 7.5 GB.
    assert (peak < 20_000_000, seconds < 2) == (True, True), (peak, seconds)


def test_a_bomb_within_the_bounds_is_an_image_like_any_other() -> None:
    """25 million pixels in 25 KB: decoded, scaled down, and no larger than that."""
    file, into = BytesIO(), BytesIO()
    Image.new("L", (5000, 5000)).save(file, "PNG")
    assert len(file.getvalue()) < 40_000
    drawn = images.redraw(file, kind=PNG, into=into)
    assert (drawn.width, drawn.height) == (images.SIDE, images.SIDE)


def test_a_text_bomb_in_a_png_is_not_read(maya, talk) -> None:
    honest = image("PNG")
    data = b"Comment\0\0" + zlib.compress(b"x" * 30_000_000)
    chunk = len(data).to_bytes(4, "big") + b"zTXt" + data + zlib.crc32(b"zTXt" + data).to_bytes(4, "big")
    answer = send(maya, talk, honest[:33] + chunk + honest[33:])
    assert answer.status == 422 or b"Comment" not in got_back(maya, talk, answer.body["id"])[1]


def test_what_trails_an_image_is_gone(maya, talk) -> None:
    answer = send(maya, talk, gif_and_script(), "both.gif.js")
    assert (answer.status, answer.body["name"], answer.body["kind"]) == (201, "both.gif", "image/gif")
    headers, content = got_back(maya, talk, answer.body["id"])
    assert b"alert" not in content
    assert headers["Content-Type"] == "image/gif"
    trailed = send(maya, talk, image("PNG") + b"PK\x03\x04 a whole archive", "photo.zip")
    assert b"archive" not in got_back(maya, talk, trailed.body["id"])[1]
    assert trailed.body["name"] == "photo.png"


@pytest.mark.parametrize(
    ("content", "name"), [(PDF + b"PK\x03\x04 and an archive", "both.pdf"), (b"=1+1,alert(1)\n", "sums.csv")]
)
def test_what_cannot_be_made_anew_is_only_ever_saved(maya, talk, content: bytes, name: str) -> None:
    headers, got = got_back(maya, talk, send(maya, talk, content, name).body["id"])
    assert got == content
    assert headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_what_moves_goes_on_moving(maya, talk, kind: str) -> None:
    answer = send(maya, talk, moving(kind))
    assert (answer.status, "is_still" in answer.body) == (201, False)
    got = Image.open(BytesIO(got_back(maya, talk, answer.body["id"])[1]))
    assert (got.format, got.n_frames) == (kind, 4)
    colours = []
    for number in range(4):
        got.seek(number)
        colours.append(round(got.convert("RGB").getpixel((3, 3))[0] / 60))
        assert got.info["duration"] == 80
    assert colours == [0, 1, 2, 3]


def test_what_moves_for_too_long_is_said_to_be_still(maya, talk, monkeypatch) -> None:
    monkeypatch.setattr(images, "FRAMES", 3)
    answer = send(maya, talk, moving("GIF"))
    assert answer.body["is_still"] is True
    assert Image.open(BytesIO(got_back(maya, talk, answer.body["id"])[1])).n_frames == 1


def test_a_moving_png_is_said_to_be_still(maya, talk) -> None:
    assert send(maya, talk, moving("PNG")).body["is_still"] is True


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_pixels_is_taken(maya, talk, mode: str) -> None:
    file = BytesIO()
    source = Image.effect_noise((30, 20), 50)
    picture = Image.new("I;16", (30, 20), 999) if mode == "I;16" else source.convert("RGB").convert(mode)
    picture.save(file, "JPEG" if mode == "CMYK" else "PNG")
    answer = send(maya, talk, file.getvalue())
    assert (answer.status, answer.body.get("width")) == (201, 30), answer.body


def test_transparency_stays() -> None:
    file, into = BytesIO(), BytesIO()
    Image.new("RGBA", (20, 20), (10, 20, 30, 0)).save(file, "PNG")
    images.redraw(file, kind=PNG, into=into)
    assert Image.open(into).convert("RGBA").getpixel((5, 5))[3] == 0
    still, redrawn = BytesIO(), BytesIO()
    Image.new("P", (20, 20), 3).save(still, "GIF", transparency=3)
    images.redraw(still, kind=GIF, into=redrawn)
    assert Image.open(redrawn).convert("RGBA").getpixel((5, 5))[3] == 0


def test_twenty_megabytes_and_a_byte_are_too_many(maya, talk, root, settings) -> None:
    most = settings.HANDOFF_ATTACHMENT_BYTES
    assert most == 20 * 1024 * 1024
    fits = b"a line of text\n" * (most // 15 + 1)
    assert send(maya, talk, fits[:most], "most.txt").status == 201
    for as_form in (True, False):
        answer = send(maya, talk, fits[: most + 1], "more.txt", as_form=as_form)
        assert (answer.code, answer.status) == ("attachment_too_large", 413)
    assert len(stored_files(root)) == 1


def test_a_handoff_holds_so_many_files_and_so_many_bytes(maya, talk, settings) -> None:
    settings.HANDOFF_ATTACHMENT_COUNT = 2
    settings.HANDOFF_ATTACHMENT_TOTAL_BYTES = 1000
    assert send(maya, talk, b"x" * 600, "a.txt").status == 201
    assert send(maya, talk, b"x" * 401, "b.txt").code == "attachments_full"
    assert send(maya, talk, b"x" * 400, "b.txt").status == 201
    assert send(maya, talk, b"x", "c.txt").code == "attachments_full"


def test_uploads_have_a_rate(maya, talk, monkeypatch) -> None:
    from handoff.realtime import limits

    monkeypatch.setattr(limits, "UPLOADS", limits.SharedLimiter("a test's uploads", 1, 60))
    assert send(maya, talk, PDF).status == 201
    refused = send(maya, talk, PDF)
    assert (refused.code, int(refused.headers["Retry-After"]) > 0) == ("rate_limited", True)


def test_a_name_is_shown_without_the_number_of_a_card(maya, talk) -> None:
    answer = send(maya, talk, PDF, f"card {CARD}.pdf")
    assert "4111" not in answer.body["name"]
    assert answer.body["name"].endswith(".pdf")


def test_no_refusal_repeats_what_was_sent(maya, talk, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    answer = send(maya, talk, b"<html>echo-content</html>", "echo-name.png")
    assert "echo" not in str(answer.body)
    assert "echo" not in caplog.text


@pytest.mark.parametrize("body", [b"--x\r\nbroken", b"--x--\r\n"])
def test_a_broken_form_is_refused(maya, talk, body: bytes) -> None:
    client, headers = maya._client, {"Origin": maya.origin, "Authorization": f"Bearer {maya.session}"}
    path = f"/api/v1/handoffs/{talk}/attachments"
    response = client.post(path, body, content_type="multipart/form-data; boundary=x", headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_request")


def test_one_file_at_a_time(maya, talk) -> None:
    client, headers = maya._client, {"Origin": maya.origin, "Authorization": f"Bearer {maya.session}"}
    two = {"file": [BytesIO(PDF), BytesIO(PDF)]}
    response = client.post(f"/api/v1/handoffs/{talk}/attachments", two, headers=headers)
    assert response.json()["error"]["code"] == "invalid_request"
