"""Files of every kind, good and hostile, made on the spot; and who sends them."""

from __future__ import annotations

import random
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from tests.conftest import Answer, Page
from tests.socket_client import Desk

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def image(kind: str = "PNG", *, size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: Any) -> bytes:
    made = Image.effect_noise(size, 60).convert(mode)
    file = BytesIO()
    made.save(file, kind, **options)
    return file.getvalue()


def moving(kind: str, *, frames: int = 4, size: tuple[int, int] = (24, 16)) -> bytes:
    pictures = [Image.new("RGB", size, (60 * number, 255 - 60 * number, 40)) for number in range(frames)]
    file = BytesIO()
    pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], duration=80, loop=0)
    return file.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is and holds nothing of it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def gif_and_script() -> bytes:
    """A GIF whose size field opens a comment: the same bytes are a script."""
    picture = moving("GIF", frames=1)
    return picture + b"*/=1;alert(document.domain);//"


def noise(size: int) -> bytes:
    return random.Random(5).randbytes(size)


def send(page: Page, handoff_id: str, content: bytes, name: str = "receipt.png", *, as_form: bool = True) -> Answer:
    """As the customer's page does."""
    return _send(page._client, f"/api/v1/handoffs/{handoff_id}/attachments", content, name, as_form, headers_of(page))


def headers_of(page: Page) -> dict[str, str]:
    return {"Origin": page.origin, "Authorization": f"Bearer {page.session}"}


def send_from_desk(desk: Desk, handoff_id: str, content: bytes, name: str = "terms.pdf", **how: Any) -> Answer:
    """As the console does."""
    token = desk.client.cookies[settings.CSRF_COOKIE_NAME].value
    headers = {"Origin": settings.PUBLIC_ORIGIN, "X-CSRFToken": token} | how.pop("headers", {})
    path = f"/api/v1/desk/handoffs/{handoff_id}/attachments"
    return _send(desk.client, path, content, name, how.get("as_form", True), headers)


def desk_link(desk: Desk, handoff_id: str, attachment_id: str) -> Answer:
    return desk.call("GET", f"desk/handoffs/{handoff_id}/attachments/{attachment_id}/link")


def link(page: Page, handoff_id: str, attachment_id: str) -> Answer:
    return page.get(f"handoffs/{handoff_id}/attachments/{attachment_id}/link")


def fetch(url: str) -> tuple[int, Any, bytes]:
    """A link as anybody follows it: without a header, without a cookie."""
    response = Client().get(url)
    return response.status_code, response.headers, b"".join(response)


def answer_of(response: Any) -> Answer:
    return Answer(response.status_code, response.json() if response.content else None, response.headers)


def stored_files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()] if root.exists() else []


def _send(client: Client, path: str, content: bytes, name: str, as_form: bool, headers: dict[str, str]) -> Answer:
    if as_form:
        return answer_of(client.post(path, {"file": SimpleUploadedFile(name, content)}, headers=headers))
    headers = headers | {"X-File-Name": quote(name)}
    return answer_of(client.post(path, content, content_type="application/octet-stream", headers=headers))
