"""Where the files lie: a storage of Django's under names that say nothing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import IO, Any, Final

from django.core.files.base import File
from django.core.files.storage import Storage, storages

CHUNK_BYTES: Final = 64 * 1024


def store() -> Storage:
    return storages["attachments"]


def new_name() -> str:
    """128 random bits, in one of 256 folders."""
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name}"


def save(file: IO[Any], *, name: str) -> None:
    """Under exactly this name. Raises OSError."""
    stored = store().save(name, File(file, name=name))
    if stored != name:
        store().delete(stored)
        raise OSError("the name was taken")


def remove(name: str) -> None:
    """Idempotent. Raises OSError."""
    store().delete(name)


def has(name: str) -> bool:
    return store().exists(name)


def read_in_parts(file: IO[bytes]) -> Iterator[bytes]:
    """From the beginning, a chunk at a time."""
    file.seek(0)
    while part := file.read(CHUNK_BYTES):
        yield part


async def stream(name: str) -> AsyncIterator[bytes]:
    """The file's bytes, read beside the loop; opened with the first, so that nothing stays open unasked."""
    file = await asyncio.to_thread(store().open, name, "rb")
    try:
        while part := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield part
    finally:
        await asyncio.to_thread(file.close)
