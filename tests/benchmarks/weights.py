"""What a visitor and an agent download: the built files, and what a browser really fetches."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Response

from deploy.shell import ROOT
from tests.benchmarks.deployment import Deployment, database, scratch, serving
from tests.benchmarks.machine import description, table
from tests.benchmarks.screens import chromium, open_desk, site

DIST: Final = ROOT / "static" / "dist"
SETTLE_MS: Final = 1500
HEADS: Final = ("what", "requests", "gzipped", "as served", "files")


@dataclass(frozen=True)
class Fetched:
    """One answer of our origin."""

    path: str
    gzipped: int
    served: int


def built() -> str:
    rows = [
        (file.name, f"{len(_packed(file.read_bytes())):,}", f"{file.stat().st_size:,}")
        for file in sorted(DIST.iterdir())
        if file.suffix in {".js", ".css", ".svg"}
    ]
    return table(("built file", "gzipped bytes", "bytes"), rows)


@contextmanager
def listening(page: Page, origin: str) -> Iterator[list[Response]]:
    """The answers of our origin to this page and its frames while the block runs, and a little after."""
    answers: list[Response] = []

    def note(response: Response) -> None:
        if response.url.startswith(origin):
            answers.append(response)

    page.on("response", note)
    yield answers
    page.wait_for_timeout(SETTLE_MS)
    page.remove_listener("response", note)


def row(what: str, answers: list[Response]) -> tuple[str, ...]:
    fetched = [_fetched(answer) for answer in answers]
    gzipped, served = sum(one.gzipped for one in fetched), sum(one.served for one in fetched)
    files = ", ".join(f"{one.path} {one.gzipped / 1000:.1f}" for one in fetched)
    return what, str(len(fetched)), f"{gzipped / 1000:.1f} kB", f"{served / 1000:.1f} kB", files


def _fetched(answer: Response) -> Fetched:
    body = b"" if answer.status == 204 or answer.request.method == "OPTIONS" else answer.body()
    served = answer.request.sizes()["responseBodySize"]
    return Fetched(urlsplit(answer.url).path, len(_packed(body)) if body else 0, served)


def _packed(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=9, mtime=0)


def measure(browser: Browser, deployment: Deployment, address: str) -> list[tuple[str, ...]]:
    rows = []
    page = browser.new_page()
    with listening(page, deployment.origin) as before:
        page.goto(address)
        page.locator("body > div button").wait_for()
    rows.append(row("widget before the click", before))
    with listening(page, deployment.origin) as opened:
        page.locator("body > div button").click()
        page.frame_locator("iframe[title='Get help']").locator("h1").wait_for()
    rows.append(row("panel at first open", opened))
    rows.append(row("console", _console(browser, deployment)))
    return rows


def _console(browser: Browser, deployment: Deployment) -> list[Response]:
    """A first visit with an empty cache, after the sign-in."""
    desk = open_desk(browser, deployment)
    context = browser.new_context(storage_state=desk.context.storage_state())
    page = context.new_page()
    with listening(page, deployment.origin) as answers:
        page.goto(f"{deployment.origin}/console/")
        page.get_by_role("switch").wait_for()
    return answers


def main() -> None:
    print(description(), built(), sep="\n\n", flush=True)
    with ExitStack() as stack:
        home = stack.enter_context(scratch())
        where = stack.enter_context(database("sqlite", home))
        deployment = stack.enter_context(serving(where, home, server="uvicorn", agents=[("amira", 3)]))
        browser = stack.enter_context(chromium())
        address = stack.enter_context(site(deployment))
        print("\n" + table(HEADS, measure(browser, deployment, address)))


if __name__ == "__main__":
    main()
