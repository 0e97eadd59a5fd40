"""Pictures as small as the docs want them, and the tour that is made of several."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser

STILL_BYTES: Final = 150_000
TOUR_BYTES: Final = 1_500_000
TOUR_SIZE: Final = (960, 640)
TOUR_QUALITY: Final = 72
# A picture of the browser's with a sentence below it: its own fonts, so that none has to be there.
_SLIDE: Final = """<!doctype html><html lang=en><style>
  * { box-sizing: border-box; margin: 0 }
  body { width: 960px; height: 640px; overflow: hidden; background: #0f2a31; color: #fff;
    font: 20px/1.3 system-ui, sans-serif }
  .view { position: relative; width: 960px; height: 560px; overflow: hidden; background: #fff }
  .view img { width: 960px; height: 560px; object-fit: cover; object-position: top }
  .dot { position: absolute; width: 44px; height: 44px; margin: -22px; border-radius: 50%; border: 4px solid #e8590c;
    background: rgba(232, 89, 12, .22) }
  p { height: 80px; padding: 0 28px; display: flex; align-items: center; gap: 16px }
  b { flex: none; padding: 4px 12px; border-radius: 99px; background: #ffffff26; font-weight: 600; font-size: 16px }
</style><body><div class=view><img alt="" src="data:image/png;base64,{image}">{dot}</div><p><b>{who}</b>{words}</p>"""


@dataclass(frozen=True)
class Slide:
    """One view of the tour: whose it is, what is said about it, and where they point, as shares of the page."""

    who: str
    words: str
    png: bytes
    seconds: float = 2.6
    at: tuple[float, float] | None = None


def save_still(path: Path, png: bytes) -> int:
    """To the last pixel: a palette turned amber into red. Answers its bytes. Raises ValueError for one too large."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(png)).convert("RGB").save(path, "WEBP", lossless=True, method=6)
    return _checked(path, STILL_BYTES)


def save_tour(path: Path, slides: list[Slide], browser: Browser) -> int:
    """An animated WebP; answers its bytes. Raises ValueError for one too large."""
    page = browser.new_page(viewport={"width": TOUR_SIZE[0], "height": TOUR_SIZE[1]})
    images = []
    for slide in slides:
        page.set_content(_written(slide))
        images.append(Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB"))
    page.close()
    images[0].save(
        path,
        save_all=True,
        append_images=images[1:],
        duration=[round(slide.seconds * 1000) for slide in slides],
        loop=0,
        quality=TOUR_QUALITY,
        method=5,
    )
    return _checked(path, TOUR_BYTES)


def _written(slide: Slide) -> str:
    dot = ""
    if slide.at is not None:
        # The picture fills the width and is cut below.
        width, height = Image.open(io.BytesIO(slide.png)).size
        left, top = slide.at[0] * 960, slide.at[1] * height * 960 / width
        dot = f'<div class=dot style="left:{left:.0f}px;top:{top:.0f}px"></div>'
    image = base64.b64encode(slide.png).decode()
    return (
        _SLIDE.replace("{image}", image)
        .replace("{dot}", dot)
        .replace("{who}", slide.who)
        .replace("{words}", slide.words)
    )


def _checked(path: Path, limit: int) -> int:
    size = path.stat().st_size
    if size > limit:
        raise ValueError(f"{path.name} has {size} bytes, and {limit} are allowed")
    return size
