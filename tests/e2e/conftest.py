"""Who is in town: real servers, one real browser, and people with an empty profile each."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests import scripted_desk
from tests.e2e.network import Network
from tests.e2e.people import PATIENCE_MS, SHOTS, Agent, Customer
from tests.e2e.servers import Town, running_town

CHROMIUM: Final = "/usr/bin/chromium"
FLAGS: Final = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FOLDER: Final = Path(__file__).parent
_numbers = itertools.count(1)
_running = ExitStack()
_failed = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker("e2e")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: Any = yield
    item.stash[_failed] = item.stash.get(_failed, False) or report.failed
    return report


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """While Playwright lives, this thread looks as if an event loop ran in it: no other test may meet that."""
    if nextitem is None or FOLDER not in nextitem.path.parents:
        _running.close()


@pytest.fixture(scope="session")
def playwright() -> Playwright:
    expect.set_options(timeout=PATIENCE_MS)
    return _running.enter_context(sync_playwright())


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Browser:
    """A browser as most people have it: frames of other sites may store things, each under the page that holds it."""
    home = Path(tempfile.mkdtemp(prefix="handoff-e2e-browser-"))
    _running.callback(shutil.rmtree, home, ignore_errors=True)
    (home / "Default").mkdir()
    (home / "Default" / "Preferences").write_text(json.dumps({"profile": {"cookie_controls_mode": 0}}))
    own = playwright.chromium.launch_persistent_context(home, executable_path=CHROMIUM, args=FLAGS)
    _running.callback(own.close)
    assert own.browser is not None
    return own.browser


@pytest.fixture(scope="session")
def servers() -> Town:
    home = Path(tempfile.mkdtemp(prefix="handoff-e2e-"))
    _running.callback(shutil.rmtree, home, ignore_errors=True)
    return _running.enter_context(running_town(home))


@pytest.fixture
def town(servers: Town, request: pytest.FixtureRequest) -> Iterator[Town]:
    """The servers, with no handoff open. What a test leaves behind costs the next one a fresh start."""
    yield servers
    if request.node.stash.get(_failed, False) or servers.product.has_unfinished():
        servers.product.start_over()


@pytest.fixture
def profile(browser: Browser, town: Town, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """A new, empty browser profile."""
    contexts = []

    def make(**options: Any) -> Any:
        contexts.append(browser.new_context(locale="en-GB", **options))
        return contexts[-1]

    yield make
    for number, context in enumerate(contexts):
        if SHOTS and request.node.stash.get(_failed, False):
            for place, page in enumerate(context.pages):
                page.screenshot(path=Path(SHOTS) / f"failed-{request.node.name}-{number}-{place}.png")
        context.close()


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network()
    yield network
    network.close()


@pytest.fixture
def customer(profile: Callable[..., Any], town: Town) -> Callable[..., Customer]:
    """An account of their own, so that no test finds the history of another one's."""

    def make(name: str = "maya", username: str | None = None, **options: Any) -> Customer:
        account = username or town.bank.add_customer(name, next(_numbers))
        return Customer(profile(**options), town, account, f"{name}-at-harbour")

    return make


@pytest.fixture
def maya(customer: Callable[..., Customer]) -> Customer:
    return customer()


@pytest.fixture
def agent(profile: Callable[..., Any], town: Town, request: pytest.FixtureRequest) -> Iterator[Callable[..., Agent]]:
    agents: list[Agent] = []

    def make(username: str = "amira", *, seated: bool = True, **options: Any) -> Agent:
        agents.append(Agent(profile(viewport={"width": 1440, "height": 900}, **options), town, username))
        if seated:
            agents[-1].sign_in()
            agents[-1].be_available()
        return agents[-1]

    yield make
    if not request.node.stash.get(_failed, False):
        for one in agents:
            one.finish_everything()


@pytest.fixture
def amira(agent: Callable[..., Agent]) -> Agent:
    return agent()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def at_desk(context: BrowserContext) -> Iterator[Callable[..., Page]]:
    """The console of an agent whose server says what the test wants."""
    standing = []

    def sit(desk: scripted_desk.ScriptedDesk) -> Page:
        entered = scripted_desk.standing(desk)
        standing.append(entered)
        entered.__enter__()
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(desk.origin + "/console/")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        return page

    yield sit
    for entered in standing:
        entered.__exit__(None, None, None)
