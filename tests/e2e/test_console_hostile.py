"""What others wrote, pasted or set wrong stays in its place at the desk: text, names, a megabyte, a clock."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from handoff.lib.clock import utc_now
from tests import scripted_desk as scripted
from tests.e2e.test_hostile_text import ALIVE_MARKUP
from tests.e2e.test_keyboard import focus_of, tab_to
from tests.scripted_desk import Frame, ScriptedDesk, desk_of

AMIRA: Final = {"id": "ag_amira", "name": "Amira"}


# -- what others wrote

ALIVE: Final = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>${7*7}{{7*7}}"
TOWER: Final = "Z" + "\u0301\u0330\u0353\u0317" * 200
LONG: Final = "W" * 4000
BIDI: Final = "\u202egnp.exe\u2066"
LINK: Final = "javascript:document.title='pwned'"
HOSTILE: Final = f"{ALIVE} {TOWER} {BIDI} {LINK} {LONG}"
IMITATIONS: Final = ("System: Amira joined", "Amira\u2800joined,\u280014:02", "Maya Chen \u2714\ufe0f verified", "You")


def make_hostile(value: Any) -> Any:
    """Every text that a person may have written, at any depth; codes, times and ids are the server's own."""
    spared = {
        "id",
        "at",
        "state",
        "key",
        "channel",
        "stream",
        "type",
        "kind",
        "verdict",
        "source",
        "status",
        "role",
        "token",
    }
    if isinstance(value, dict):
        return {
            name: one if name in spared or name.endswith(("_at", "_id")) else make_hostile(one)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [make_hostile(one) for one in value]
    return HOSTILE if isinstance(value, str) else value


def hostile_handoff() -> Frame:
    one = scripted.handoff(1, messages=2)
    note = {"id": "no_1", "author": AMIRA, "text": "n", "client_id": None}
    passed = {"agent": AMIRA, "queue": {"key": "q", "name": "q"}, "to_agent": None, "note": "n"}
    desk = [
        ("note.added", note),
        ("transfer.recorded", passed),
        ("offer.recorded", {"agent": AMIRA, "status": "declined"}),
    ]
    told = [
        {"stream": "handoff/ho_1/desk", "seq": n + 1, "at": scripted.moment(1), "type": kind, "data": data}
        for n, (kind, data) in enumerate(desk)
    ]
    past = {
        "id": "ho_0", "at": scripted.moment(9999), "intent": {"key": "i", "label": "i"}, "channel": "chat",
        "disposition": "d", "note": "n", "close_reason": None,
    }  # fmt: skip
    made: Frame = make_hostile(one | {"history": [past], "timeline": one["timeline"] + told})
    return made


def test_hostile_text_in_every_field_stays_text_and_in_its_place(at_desk: Callable[..., Page]) -> None:
    filled, heads = scripted.snapshot([hostile_handoff()])
    filled |= {"queues": make_hostile(filled["queues"])}
    made = make_hostile(scripted.offer(5))
    desk = ScriptedDesk(filled, heads)
    desk.callbacks = {
        "mine": [],
        "team": [make_hostile(scripted.due_callback(3)) | {"agent": {"id": "a", "name": HOSTILE}}],
    }
    desk.destinations = {"queues": [{"key": "q", "name": HOSTILE}], "agents": []}
    page = at_desk(desk)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    is_harmless(page)
    desk.event("agent/ag_amira", "offer.made", made)
    expect(page.locator("section.offer")).to_be_visible()
    is_harmless(page)
    page.keyboard.press("Alt+t")
    expect(page.get_by_role("dialog").locator(".opt").nth(0)).to_be_visible()
    is_harmless(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+b")
    page.get_by_role("button", name=re.compile("The team")).click()
    expect(page.locator(".tbl tbody tr")).to_have_count(1)
    is_harmless(page)
    assert complaints == []


OVERFLOWING: Final = """() => [...document.querySelectorAll('.top, .rail, .mid, .pane, .pad, .offer, .opts')]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.className)"""


def is_harmless(page: Page) -> None:
    expect(page.locator("#console")).to_be_visible()
    assert page.locator(f"#console :is({ALIVE_MARKUP})").count() == 0
    assert page.locator("a[href^='javascript:' i]").count() == 0
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(OVERFLOWING) == []
    assert "pwned" not in page.title().replace("document.title='pwned'", "")
    assert "49" not in page.title()


def test_a_name_imitates_neither_a_line_of_ours_nor_the_seal(at_desk: Callable[..., Page]) -> None:
    talks = []
    for number, name in enumerate(IMITATIONS):
        one = scripted.handoff(number, messages=0)
        customer = one["customer"] | {"name": name, "verified": False, "assurance": None}
        asked = [
            one["timeline"][0] | {"data": scripted.changed("queued") | {"agent": None}},
            one["timeline"][0] | {"seq": 2, "data": scripted.changed("connected")},
        ]
        talks.append(one | {"customer": customer, "timeline": asked})
    page = at_desk(desk_of(*talks))
    for place in range(len(IMITATIONS)):
        page.locator(".mine__row").nth(place).click()
        lines = page.locator(".sysline").all_inner_texts()
        assert len(lines) == 2
        assert lines[0].startswith(("The customer asked for help", "Amira asked for help", "Maya asked for help"))
        assert re.match(r"You joined, \d", lines[1])
    shown = page.locator(".mine__name").all_inner_texts()
    assert not any(mark in "".join(shown) for mark in "\u2714\ufe0f\u2800")
    assert page.locator(".mine__name .vh", has_text=re.compile("^not verified$")).count() == len(IMITATIONS)


# -- a megabyte, and a clock that is a day off


def test_a_megabyte_in_a_note_or_a_fact_is_kept_and_said_to_be_too_long(at_desk: Callable[..., Page]) -> None:
    desk = desk_of(scripted.handoff(1), scripted.handoff(2))
    page = at_desk(desk)
    page.keyboard.press("Alt+1")
    page.keyboard.press("Alt+t")
    paste_a_megabyte(page, page.locator("#transfer-note"))
    expect(page.get_by_text("996,000 characters too long")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add a fact").click()
    paste_a_megabyte(page, page.locator("#fact-value"))
    expect(page.get_by_role("button", name="Add fact")).to_have_attribute("aria-disabled", "true")
    desk.event("handoff/ho_1", "handoff.changed", scripted.changed("wrap_up"))
    desk.event("handoff/ho_2", "handoff.changed", scripted.changed("wrap_up"))
    page.locator(".mine__row").first.click()
    paste_a_megabyte(page, page.locator("#wrap-note"))
    expect(page.locator("#wrap-long")).to_contain_text("characters too long")
    page.get_by_text("Resolved", exact=True).click()
    page.keyboard.press("Control+Enter")
    assert "handoff.wrap_up" not in desk.asked


def paste_a_megabyte(page: Page, field: Locator) -> None:
    """As the browser does it; the page answers a press within half a second after."""
    field.focus()
    page.evaluate("text => document.execCommand('insertText', false, text)", "a" * 1_000_000)
    took = page.evaluate(
        """() => new Promise(done => {
          const from = performance.now();
          requestAnimationFrame(() => setTimeout(() => done(performance.now() - from)));
        })"""
    )
    assert took < 5_000
    assert field.evaluate("one => one.value.length") == 1_000_000


@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_is_a_day_off_changes_no_wait_and_no_countdown(
    days: int, context: BrowserContext, at_desk: Callable[..., Page]
) -> None:
    context.clock.install(time=utc_now() + timedelta(days=days))
    desk = desk_of(scripted.handoff(1))
    desk.callbacks = {"mine": [scripted.due_callback(1)], "team": []}
    desk.snapshot["offers"] = [scripted.offer(5)]
    page = at_desk(desk)
    left = int(page.get_by_role("timer").get_attribute("aria-label").split()[0])  # type: ignore[union-attr]
    assert 15 < left <= 25
    expect(page.locator(".mine__row .meta")).to_have_text(re.compile(r"waits 0:\d\d"))
    expect(page.locator(".board td").nth(2)).to_have_text(re.compile(r"^0:\d\d$"))
    page.keyboard.press("Alt+1")
    page.locator("#comp-text").fill("By which clock?")
    desk.answers["message.send"] = lambda _: {"id": "m", "seq": 1, "at": ""}
    page.keyboard.press("Enter")
    head = page.locator(".said", has_text="By which clock?").locator(".said__h .num")
    expect(head).to_have_text(re.compile(r"^\d?\d:\d\d$"))
    page.keyboard.press("Alt+b")
    expect(page.locator(".tbl tbody td").first).to_contain_text(re.compile("due in (9|10) min"))


# -- a talk that is long


def test_a_long_talk_is_read_back_in_place_and_its_end_is_one_press_away(at_desk: Callable[..., Page]) -> None:
    desk = desk_of(scripted.handoff(1, messages=1200))
    desk.archive["handoff/ho_1"] = scripted.timeline(1, 1200)
    page = at_desk(desk)
    log, lines = page.get_by_role("log"), page.locator(".flow__list > li")
    expect(lines).to_have_count(50)
    expect(lines.last).to_be_in_viewport()
    tab_to(page, "^Earlier messages", back=True)
    page.keyboard.press("Enter")
    expect(log).to_have_attribute("aria-live", "off")
    for _ in range(20):
        if log.get_by_text("Message 3 about", exact=False).count():
            break
        stays_put(page)
    expect(log.get_by_text("Message 3 about")).to_have_count(1)
    assert lines.count() <= 500
    desk.event("handoff/ho_1", "message.posted", scripted.posted(1, "customer", "Are you there?"))
    newer = page.get_by_role("button", name="1 new message")
    expect(newer).to_be_visible()
    assert log.evaluate("box => box.scrollTop + box.clientHeight < box.scrollHeight - 80")
    newer.press("Enter")
    expect(log.get_by_text("Are you there?")).to_be_in_viewport()
    expect(newer).to_have_count(0)
    assert focus_of(page).startswith("Conversation")
    desk.event("handoff/ho_1", "message.posted", scripted.posted(1, "customer", "Followed to the end"))
    expect(log.get_by_text("Followed to the end")).to_be_in_viewport()


def stays_put(page: Page) -> None:
    """Scrolls to the top; what was the first line is where it was once earlier ones stand above it."""
    moved = page.evaluate("""() => new Promise(done => {
      const box = document.querySelector('.flow');
      box.scrollTop = 100;
      requestAnimationFrame(() => {
        const first = document.querySelector('.flow__list > li'), from = first.getBoundingClientRect().top;
        const wait = count => requestAnimationFrame(() => {
          const more = document.querySelector('.flow__list > li') !== first;
          if (more || count === 0) done(more ? Math.abs(first.getBoundingClientRect().top - from) : 0);
          else wait(count - 1);
        });
        wait(30);
      });
    })""")
    assert moved < 3
