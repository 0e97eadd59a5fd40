"""Takes the pictures in docs/images from the running product: `python -m deploy.screens`."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, expect, sync_playwright

from deploy.demo import render_configuration
from deploy.example_site import BRAND_DIR, ExampleSite
from deploy.pictures import Slide, save_still, save_tour
from deploy.processes import free_port, start, stop, wait_until_ready
from deploy.screen_cast import FLOOR, PATIENCE_MS, PHONE, Agent, Customer
from deploy.shell import ROOT, VENV_PYTHON, environment, say

FOLDER: Final = ROOT / "docs" / "images"
PASSWORD: Final = "a passphrase for pictures"  # noqa: S105 (of accounts that live as long as this command)
# What a supervisor looks at while it is busy: simulated customers of the bank, and agents for them.
CROWD: Final = ("--live", "--site", "harbour", "--customers", "26", "--agents", "3", "--minutes", "5", "--speed", "9")
STARTING_SECONDS: Final = 180
PROBLEM: Final = "I was charged twice, and my receipt does not upload."
ANSWER: Final = "I can see both charges, and that the file was too large. I will take it from here."
THANKS: Final = "Thank you! I was afraid that I would have to explain it all again."
DONE: Final = "The second charge is refunded; you will see it tomorrow."

STILLS: Final = (
    "widget-start",
    "widget-waiting",
    "widget-talk",
    "widget-talk-dark",
    "widget-phone",
    "widget-arabic",
    "widget-after",
    "console-rest",
    "console-offer",
    "console-talk",
    "console-talk-dark",
    "console-wrap-up",
    "console-wallboard",
)
TOUR: Final = "tour.webp"


def names() -> set[str]:
    """Every file that this command writes."""
    return {f"{name}.webp" for name in STILLS} | {TOUR}


@dataclass
class Studio:
    """The product and the bank on a scratch database, and a browser to look at them with."""

    browser: Browser
    product: str
    bank: str
    environment: dict[str, str]
    home: Path
    taken: dict[str, bytes] = field(default_factory=dict)
    slides: list[Slide] = field(default_factory=list)
    first_time: str = field(default_factory=lambda: f"{datetime.now(UTC):%H:%M}")  # noqa: TID251

    def customer(self, **options: Any) -> Customer:
        return Customer(self.browser, self.bank, first_time=self.first_time, **options)

    def agent(self, username: str, **options: Any) -> Agent:
        agent = Agent(self.browser, self.product, first_time=self.first_time, **options)
        agent.sign_in(username, PASSWORD)
        return agent

    def take(self, name: str, png: bytes) -> bytes:
        self.taken[name] = png
        say(f"took {name}")
        return png


def main() -> int:
    begun = time.monotonic()
    with _studio() as studio:
        for scene in (show_the_tour, show_other_looks, show_the_floor):
            scene(studio)
        if missing := set(STILLS) - studio.taken.keys():
            raise SystemExit(f"no picture was taken of {', '.join(sorted(missing))}")
        _write(studio)
    say(f"{len(STILLS)} pictures and the tour in {time.monotonic() - begun:.0f} s")
    return 0


def show_the_tour(studio: Studio) -> None:
    """One handoff from the click to the outcome, seen from both sides."""
    maya, amira = studio.customer(), studio.agent("amira")
    studio.take("console-rest", amira.picture())
    amira.be_available()
    maya.get_stuck()
    _slide(studio, "Customer", "Maya disputes a charge. Her receipt does not upload.", maya.picture())
    _slide(studio, "Customer", "She presses “Get help”, right there.", maya.picture(), at=maya.point_at(maya.launcher))
    maya.press_get_help()
    maya.say_in_own_words(PROBLEM)
    png = studio.take("widget-start", maya.picture())
    _slide(studio, "Customer", "The panel knows who she is and what she was doing.", png)
    maya.start_chat()
    studio.take("widget-waiting", maya.picture())
    expect(amira.offer).to_be_visible()
    png = studio.take("console-offer", amira.picture())
    _slide(studio, "Agent", "The offer says it in a sentence: who, what, and where it failed.", png)
    _slide(studio, "Agent", "Amira accepts.", png, seconds=1.4, at=amira.point_at(amira.accept_button))
    amira.accept()
    _slide(
        studio, "Agent", "All that she need not ask is there: identity, journey, facts.", amira.picture(), seconds=3.4
    )
    amira.say(ANSWER)
    maya.sees(ANSWER)
    _slide(studio, "Customer", "The first answer is already about the problem.", maya.picture())
    maya.say(THANKS)
    amira.sees(THANKS)
    studio.take("widget-talk", maya.picture())
    png = studio.take("console-talk", amira.picture())
    _slide(studio, "Agent", "Nobody proved or repeated anything.", png, seconds=3.4)
    amira.say(DONE)
    maya.sees(DONE)
    amira.end()
    studio.take("console-wrap-up", amira.picture())
    expect(maya.pen).to_have_count(0)
    studio.take("widget-after", maya.picture())
    maya.leave()
    amira.leave()


def show_other_looks(studio: Studio) -> None:
    """Dark, on a phone, and from right to left."""
    phone = studio.customer(viewport=PHONE, is_mobile=True, has_touch=True)
    phone.get_stuck("daniel")
    phone.press_get_help()
    studio.take("widget-phone", phone.picture())
    phone.leave()
    arabic = studio.customer()
    arabic.get_stuck("daniel")
    arabic.read_in("ar")
    arabic.press_get_help()
    studio.take("widget-arabic", arabic.picture())
    arabic.leave()
    tomas = studio.agent("tomas", color_scheme="dark")
    tomas.be_available()
    daniel = studio.customer(color_scheme="dark")
    daniel.get_stuck("daniel")
    daniel.press_get_help()
    daniel.start_chat()
    tomas.accept()
    tomas.say(ANSWER)
    daniel.say(THANKS)
    tomas.sees(THANKS)
    studio.take("console-talk-dark", tomas.picture())
    studio.take("widget-talk-dark", daniel.picture())
    daniel.leave()
    tomas.leave()


def show_the_floor(studio: Studio) -> None:
    """What a supervisor sees while others work."""
    log = studio.home / "simulate.log"
    crowd = start([VENV_PYTHON, "manage.py", "simulate", *CROWD], env=studio.environment, log=log)
    try:
        admin = studio.agent("admin", viewport=FLOOR)
        admin.show("Live")
        expect(admin.page.get_by_text("(simulated", exact=False).nth(3)).to_be_visible(timeout=2 * PATIENCE_MS)
        admin.show("Wallboard")
        expect(admin.page.get_by_role("table").first).to_be_visible()
        studio.take("console-wallboard", admin.picture())
        admin.leave()
    finally:
        stop(crowd, seconds=5)


def _slide(studio: Studio, who: str, words: str, png: bytes, **more: Any) -> None:
    studio.slides.append(Slide(who, words, png, **more))


def _write(studio: Studio) -> None:
    for name in STILLS:
        size = save_still(FOLDER / f"{name}.webp", studio.taken[name])
        say(f"{name}.webp  {size // 1000} KB")
    say(f"{TOUR}  {save_tour(FOLDER / TOUR, studio.slides, studio.browser) // 1000} KB")


@contextlib.contextmanager
def _studio() -> Iterator[Studio]:
    home = Path(tempfile.mkdtemp(prefix="handoff-screens-"))
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    # Of its own in everything: what is set around it is another deployment's.
    env = environment(
        DJANGO_SETTINGS_MODULE=None,
        REDIS_URL=None,
        ALLOWED_HOSTS=None,
        HANDOFF_DEMO="1",
        SECRET_KEY=secrets.token_urlsafe(50),
        PUBLIC_ORIGIN=origin,
        DATABASE_URL=f"sqlite:///{home / 'handoff.sqlite3'}",
        HANDOFF_BRAND_ROOT=str(BRAND_DIR),
        HANDOFF_LAB_SIP=f"127.0.0.1:{free_port()}",
        HANDOFF_LIMIT_SCALE="100",
        HANDOFF_ATTACHMENT_ROOT=str(home / "attachments"),
        # A scratch database need not outlive the machine.
        HANDOFF_SQLITE_SYNCHRONOUS="OFF",
    )
    secret = secrets.token_urlsafe(48)
    bank = ExampleSite(home / "bank", free_port(), origin, secret)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        bank.prepare()
        processes.append(bank.start())
        _prepare(home, env, render_configuration(_private(secret), bank.port))
        serve = ("manage.py", "serve", "--port", str(port))
        processes.append(start([VENV_PYTHON, *serve], env=env, log=home / "product.log"))
        wait_until_ready(f"{bank.origin}/", processes[0], log=bank.log, seconds=STARTING_SECONDS)
        log = home / "product.log"
        wait_until_ready(f"{origin}/readyz", processes[1], log=log, seconds=STARTING_SECONDS)
        with _browser() as browser:
            yield Studio(browser, origin, bank.origin, env, home)
    finally:
        stop(*processes, seconds=5)
        shutil.rmtree(home, ignore_errors=True)


def _private(secret: str) -> dict[str, str]:
    return {"hmac_secret": secret} | {f"{name}_password": PASSWORD for name in ("amira", "tomas", "admin")}


def _prepare(home: Path, env: dict[str, str], configuration: str) -> None:
    file = home / "handoff.toml"
    file.write_text(configuration)
    for arguments in (("migrate", "--no-input", "--verbosity=0"), ("apply_config", str(file))):
        subprocess.run([VENV_PYTHON, "manage.py", *arguments], env=env, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
