"""Images made anew: what is stored holds the pixels that were sent, and nothing else that came with them."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

from PIL import Image, ImageOps, ImageSequence

from handoff.attachments.kinds import GIF, JPEG, PNG, WEBP, Kind
from handoff.attachments.refusals import refuse
from handoff.lib.errors import DomainError

FORMATS: Final = {PNG: "PNG", JPEG: "JPEG", GIF: "GIF", WEBP: "WEBP"}
# The camera of a telephone makes 50 million; a JPEG is decoded at a fraction of its size where that will do.
JPEG_PIXELS: Final = 50_000_000
# The others are decoded whole: 100 MB at four bytes.
PIXELS: Final = 25_000_000
# Of all frames together; what moves for longer is stored as its first picture.
FRAMES_PIXELS: Final = 40_000_000
FRAMES: Final = 500
# Of all scans together: each goes over the whole JPEG once more, and a hundred bytes are enough for one. Ten are usual.
SCANS_PIXELS: Final = 2_000_000_000
# Enough to read a page of print.
SIDE: Final = 4096
QUALITY: Final = 88
# The markers with a length, and the end. Decoders pass over lower ones without looking for a length, so that nothing
# can be hidden behind one; what else there is stands among pixels, or is refused by them.
_MARKER: Final = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
_SCAN: Final = 0xDA
_END: Final = 0xD9
# One is decoded at a time: memory for one is what a server has to have to spare.
_decoding: Final = threading.Lock()
WAIT_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was stored; `is_still` if it moved when it was sent."""

    width: int
    height: int
    is_still: bool = False


def redraw(file: IO[bytes], *, kind: Kind, into: IO[bytes]) -> Drawn:
    """Decode the one and write the other. Raises `attachment_unreadable`, `attachment_too_many_pixels`, `not_ready`."""
    if not _decoding.acquire(timeout=WAIT_SECONDS):
        raise DomainError("not_ready", "Too many images at once; try again.")
    try:
        file.seek(0)
        return _redraw(file, kind, into)
    except DomainError:
        raise
    except Exception as error:
        # Decoders raise whatever they come upon; the pixels of a hostile file are nobody's loss.
        raise refuse("attachment_unreadable") from error
    finally:
        _decoding.release()


def _redraw(file: IO[bytes], kind: Kind, into: IO[bytes]) -> Drawn:
    with _open(file, kind) as image:
        # The header alone has been read until here.
        if image.width * image.height > (JPEG_PIXELS if kind is JPEG else PIXELS):
            raise refuse("attachment_too_many_pixels")
        if kind is JPEG and image.width * image.height * count_scans(file) > SCANS_PIXELS:
            raise refuse("attachment_too_many_pixels")
        # A telephone's JPEG may hold further pictures, which nobody sees. An animated PNG stays with its first.
        moves = kind is not JPEG and getattr(image, "is_animated", False)
        if moves and kind in (GIF, WEBP) and _may_move(image):
            return _redraw_frames(image, kind, into)
        return _redraw_one(image, kind, into, is_still=moves)


def _open(file: IO[bytes], kind: Kind) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Pillow's own bound is a warning below twice its number; ours follows at once.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(file, formats=[FORMATS[kind]])
    except Image.DecompressionBombError:
        raise refuse("attachment_too_many_pixels") from None


def count_scans(file: IO[bytes]) -> int:
    """How often a JPEG is gone over until it is whole. Marker by marker: what its other parts hold does not count."""
    place = file.tell()
    file.seek(0)
    data = file.read()
    file.seek(place)
    scans, found = 0, _MARKER.search(data)
    while found is not None and found[0][1] != _END:
        scans += found[0][1] == _SCAN
        # A scan's length is its header's: no marker stands among the pixels that follow.
        length = int.from_bytes(data[found.end() : found.end() + 2])
        found = _MARKER.search(data, found.end() + length)
    return scans


def _may_move(image: Image.Image) -> bool:
    frames: int = getattr(image, "n_frames", 1)
    return frames <= FRAMES and frames * image.width * image.height <= FRAMES_PIXELS


def _redraw_one(image: Image.Image, kind: Kind, into: IO[bytes], *, is_still: bool) -> Drawn:
    if kind is JPEG and max(image.size) > SIDE:
        # Decoded at a half, a quarter or an eighth, whichever is nearest above this.
        image.draft("RGB", (SIDE // 2, SIDE // 2))
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    drawn = _plain(image, kind)
    drawn.thumbnail((SIDE, SIDE))
    drawn.save(into, FORMATS[kind], **_options(kind))
    return Drawn(drawn.width, drawn.height, is_still)


def _redraw_frames(image: Image.Image, kind: Kind, into: IO[bytes]) -> Drawn:
    """Each frame whole, so that none depends on what a decoder makes of the one before."""
    durations: list[int] = []

    def frames() -> Iterator[Image.Image]:
        for frame in ImageSequence.Iterator(image):
            drawn = _plain(frame, kind)
            # A WebP tells it once it is decoded.
            durations.append(int(frame.info.get("duration") or 100))
            drawn.thumbnail((SIDE, SIDE))
            yield drawn

    every = list(frames())
    moving: dict[str, Any] = {"save_all": True, "append_images": every[1:], "duration": durations, "loop": 0}
    if kind is GIF:
        moving["disposal"] = 2
    every[0].save(into, FORMATS[kind], **_options(kind), **moving)
    return Drawn(every[0].width, every[0].height)


def _plain(image: Image.Image, kind: Kind) -> Image.Image:
    """The pixels alone: what writers copy from `info` (comments, profiles, EXIF) stays behind."""
    has_alpha = kind is not JPEG and image.has_transparency_data
    mode = "RGBA" if has_alpha else "L" if image.mode in ("1", "L") else "RGB"
    plain = image.convert(mode)
    plain.info = {}
    return plain


def _options(kind: Kind) -> dict[str, Any]:
    if kind is JPEG:
        return {"quality": QUALITY, "optimize": True, "exif": b"", "icc_profile": None}
    if kind is WEBP:
        return {"quality": QUALITY, "exif": b"", "icc_profile": None, "method": 2}
    return {"icc_profile": None} if kind is PNG else {}
