"""Pages that stay open: over a deploy, over a reload with half a sentence in them, and under a screen's keyboard."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.people import Agent, Customer
from tests.e2e.servers import Town

# The page's own view, as far as a keyboard leaves it; a browser without a screen has none to show.
KEYBOARD = """if (top === window) {
  const view = Object.assign(new EventTarget(), {height: 740, offsetTop: 0, scale: 1});
  Object.defineProperty(window, 'visualViewport', {value: view});
  window.keyboard = (height, offsetTop) => {
    Object.assign(view, {height, offsetTop});
    view.dispatchEvent(new Event('resize'));
  };
}"""
PHONE = {"viewport": {"width": 390, "height": 740}, "has_touch": True, "is_mobile": True}


def deploy(context: BrowserContext, part: str) -> None:
    """The server has another build by now: the parts of this one are gone."""
    context.route(re.compile(rf"/dist/{part}-\w+\.js"), lambda route: route.fulfill(status=404))
    context.route("**/dist/build.json", lambda route: route.fulfill(json={"build": "00000000"}))


def undo(context: BrowserContext) -> None:
    context.unroute_all()


def only_of_missing(complaints: list[str]) -> bool:
    return all("404" in one for one in complaints)


def test_a_panel_from_before_a_deploy_says_so_and_is_loaded_anew_with_its_words(maya: Customer) -> None:
    deploy(maya.context, "later")
    maya.sign_in()
    maya.press_get_help()
    maya.panel.get_by_label("In your words").fill("Half a sent")
    strip = maya.panel.get_by_role("status").filter(has_text="Help was updated.")
    expect(strip).to_contain_text("Reload the page to go on; nothing is lost.")
    maya.shoot("newer-panel")
    undo(maya.context)
    strip.get_by_role("button", name="Reload").press("Enter")
    expect(maya.panel.get_by_label("In your words")).to_have_value("Half a sent")
    expect(strip).to_have_count(0)
    maya.start_chat(about="Lost or stolen card")
    assert only_of_missing(maya.complaints), maya.complaints
    maya.complaints.clear()


def test_a_desk_from_before_a_deploy_says_so_and_goes_on(maya: Customer, amira: Agent) -> None:
    deploy(amira.context, "supervisor")
    maya.sign_in()
    maya.ask_for_help(about="Lost or stolen card")
    amira.accept()
    amira.pen.fill("Half an answ")
    amira.page.get_by_role("button", name="Add a fact").click()
    amira.page.get_by_label("What", exact=True).fill("Card at hand")
    amira.page.get_by_role("button", name="Find a handoff").click()
    banner = amira.page.get_by_role("region", name="Connection")
    expect(banner).to_contain_text("There is a newer version of the desk. What you wrote is kept.")
    amira.shoot("newer-desk")
    undo(amira.context)
    banner.get_by_role("link", name="Load again").click()
    expect(amira.page.get_by_text("Live", exact=True)).to_be_visible()
    amira.my_handoffs.first.click()
    expect(amira.pen).to_have_value("Half an answ")
    expect(amira.page.get_by_label("What", exact=True)).to_have_value("Card at hand")
    amira.page.get_by_role("button", name="Find a handoff").click()
    expect(amira.page.get_by_role("heading", name="Find a handoff")).to_be_visible()
    amira.page.get_by_role("button", name="Desk", exact=True).click()
    amira.pen.fill("")
    assert only_of_missing(amira.complaints), amira.complaints
    amira.complaints.clear()


def test_the_head_and_the_pen_stay_in_sight_over_a_keyboard(customer: Callable[..., Customer], amira: Agent) -> None:
    maya = customer(**PHONE)
    maya.context.add_init_script(KEYBOARD)
    maya.sign_in()
    maya.ask_for_help(about="Lost or stolen card")
    amira.accept()
    maya.sees_with("Amira")
    maya.pen.tap()
    for height, offset in ((320, 0), (320, 140), (740, 0)):
        maya.page.evaluate("([height, offset]) => keyboard(height, offset)", [height, offset])
        within(maya.page, maya, top=offset, bottom=offset + height)
        maya.shoot(f"keyboard-{height}-{offset}")
    # Smaller letters would make the phone zoom in.
    assert maya.pen.evaluate("pen => parseFloat(getComputedStyle(pen).fontSize)") >= 16


def within(page: Page, maya: Customer, *, top: float, bottom: float) -> None:
    expect(maya.panel.locator("header")).to_be_visible()
    head, pen = (maya.panel.locator(one).bounding_box() for one in ("header", "#pen"))
    assert head is not None
    assert pen is not None
    assert head["y"] == top
    assert top < pen["y"] < bottom - pen["height"] + 1
    assert pen["y"] + pen["height"] > bottom - 80


def test_what_is_written_about_a_talk_outlasts_the_page(maya: Customer, amira: Agent) -> None:
    maya.sign_in()
    maya.ask_for_help(about="Lost or stolen card")
    amira.accept()
    amira.end()
    amira.wrap_up("Resolved")
    maya.panel.get_by_role("radio", name="6", exact=True).check()
    maya.panel.locator("#comment").fill("Quick, but")
    maya.page.reload()
    maya.press_get_help()
    maya.panel.get_by_role("button", name="How was your last talk").click()
    expect(maya.panel.locator("#comment")).to_have_value("Quick, but")
    maya.panel.get_by_role("radio", name="6", exact=True).check()
    maya.panel.get_by_role("button", name="Send", exact=True).click()
    expect(maya.panel.locator("#comment")).to_have_count(0)
    kept = maya.panel.locator("body").evaluate("() => JSON.stringify({...sessionStorage})")
    assert "handoff.kept" in kept
    assert "Quick, but" not in kept


def test_a_trainee_starts_practice_and_nothing_counts(agent: Callable[..., Agent], town: Town) -> None:
    with contextlib.closing(sqlite3.connect(town.product.database, timeout=10)) as connection, connection:
        connection.execute("UPDATE handoff_agent SET is_trainee = 1 WHERE name LIKE 'Tomas%'")
    tomas = agent("tomas")
    expect(tomas.page.get_by_text("Training", exact=True)).to_be_visible()
    tomas.page.get_by_role("button", name="Start practice").press("Enter")
    expect(tomas.offer).to_be_visible()
    tomas.shoot("practice")
    tomas.accept()
    tomas.say("Hello, I am looking into it.")
    expect(tomas.log.get_by_text("Hello, I am looking into it.", exact=True)).to_be_visible()
    assert town.product.ask("SELECT count(*) FROM handoff_handoff WHERE state = 'connected' AND is_simulated") == [(1,)]
    tomas.finish_everything()
    with contextlib.closing(sqlite3.connect(town.product.database, timeout=10)) as connection, connection:
        connection.execute("UPDATE handoff_agent SET is_trainee = 0 WHERE name LIKE 'Tomas%'")
