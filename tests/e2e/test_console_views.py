"""Every view of the console: heard as it is committed here, reached with keys, large enough, seen in each scheme."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, Page, expect

from tests import scripted_desk as scripted
from tests.e2e.people import PATIENCE_MS, SHOTS, Agent, Customer, eventually
from tests.e2e.test_accessibility import Examiner
from tests.e2e.test_keyboard import focus_is, tab_to
from tests.scripted_desk import Frame, ScriptedDesk, desk_of

SIZES: Final = """least => [...document.querySelectorAll('button, a[href], input, select, textarea, summary')]
  .filter(one => one.checkVisibility({checkOpacity: false, checkVisibilityCSS: true}) && !one.closest('.vh, .said__t'))
  .map(one => [one.closest('label') ?? one, one]).map(([box, one]) => [box.getBoundingClientRect(), one])
  .filter(([{width, height}]) => width > 1 && (width < least || height < least))
  .map(([{width, height}, one]) => `${Math.round(width)}x${Math.round(height)} ${one.outerHTML.slice(0, 90)}`)"""
TOLD_APART: Final = """() => {
  const found = [], edge = one => getComputedStyle(one).borderBlockEndColor;
  const current = document.querySelector('.tabs [aria-current=page]');
  const other = document.querySelector('.tabs button:not([aria-current])');
  if (edge(current) === edge(other)) found.push('the current tab');
  const knob = document.querySelector('.switch');
  const fill = (one, part) => getComputedStyle(one, part).backgroundColor;
  if (fill(knob, '::after') === fill(knob)) found.push('the switch');
  for (const one of document.querySelectorAll('.mine__row[aria-current=true], .pick:has(:checked), .opt:has(:checked)'))
    if (getComputedStyle(one).outlineStyle === 'none') found.push(one.className);
  return found;
}"""
CONTRAST: Final = """async () => (await axe.run(document, {runOnly: ['color-contrast']})).violations
  .flatMap(({nodes}) => nodes.map(node => node.html.slice(0, 160)))"""
SETTLED: Final = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
  document.getAnimations().forEach(one => one.finish());
  requestAnimationFrame(done);
})))"""
CONSOLE_TARGET, PANEL_TARGET = 24, 44


class Watcher:
    """Looks at each view in every scheme, and measures what can be pressed."""

    def __init__(self, page: Page) -> None:
        self.page, self.examiner = page, Examiner()
        self.faults: dict[str, list[str]] = {}

    def look(self, view: str) -> None:
        page = self.page
        page.evaluate(SETTLED)
        self.examiner.look(view, page)
        self._note(f"{view}: small", page.evaluate(SIZES, CONSOLE_TARGET))
        page.emulate_media(color_scheme="dark")
        page.evaluate(SETTLED)
        self._note(f"{view}: contrast in the dark", page.evaluate(CONTRAST))
        # There the system's own colours contrast by themselves; what must not be lost is which is which.
        page.emulate_media(color_scheme="light", forced_colors="active")
        self._note(f"{view}: told by colour alone", page.evaluate(TOLD_APART))
        page.emulate_media(forced_colors="none")
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"view-{view.replace(' ', '-')}.png")

    def _note(self, what: str, found: list[str]) -> None:
        if found:
            self.faults[what] = found

    def found_nothing(self) -> None:
        assert self.examiner.found == {}
        assert self.faults == {}


def heard(place: Locator, words: str) -> None:
    expect(place).to_match_aria_snapshot(words)


def test_each_view_is_heard_seen_and_reached_by_keys(at_desk: Callable[..., Page]) -> None:
    desk = desk_of()
    desk.callbacks = {"mine": [scripted.due_callback(1)], "team": []}
    page = at_desk(desk)
    watcher = Watcher(page)
    expect(page.get_by_text("You’re available")).to_be_visible()
    watcher.look("rest")
    see_callbacks(page, watcher)
    take_an_offer(page, desk, watcher)
    work(page, desk, watcher)
    pass_on(page, watcher)
    see_the_line_break(page, desk, watcher)
    wrap_up(page, desk, watcher)
    watcher.found_nothing()


def see_callbacks(page: Page, watcher: Watcher) -> None:
    page.keyboard.press("Alt+b")
    expect(page.get_by_role("row", name=re.compile("Maya 1 Chen"))).to_be_visible()
    watcher.look("callbacks due")
    tab_to(page, "due in")
    page.keyboard.press("Alt+b")


def take_an_offer(page: Page, desk: ScriptedDesk, watcher: Watcher) -> None:
    desk.answers["offer.accept"] = lambda _: {"handoff": "ho_7"}
    desk.event("agent/ag_amira", "offer.made", scripted.offer(7))
    offer = page.locator("section.offer")
    expect(offer).to_be_visible()
    watcher.look("offer")
    heard(
        offer,
        """
        - region "Maya 7 Chen verified":
          - timer /\\d+ seconds left/
          - status
          - paragraph: Chat offered to you, Cards, Harbour Bank
          - heading "Maya 7 Chen verified" [level=1]
          - paragraph: Dispute a charge
          - term: Verified
          - definition: /password \\+ code, 3 min ago/
          - term: Stopped at
          - definition: nothing failed
          - term: Waited
          - definition: /0:\\d\\d/
          - term: Earlier
          - definition: first time
          - paragraph: Maya 7 Chen wants to dispute a charge.
          - button "Accept"
          - button "Decline"
        """,
    )
    page.keyboard.press("Alt+Enter")
    desk.heads |= {"handoff/ho_7": 4, "handoff/ho_7/desk": 0}
    desk.event("agent/ag_amira", "offer.ended", {"id": "of_7", "status": "accepted"})
    assigned = scripted.handoff(7, messages=3) | {"heads": {"handoff/ho_7": 4, "handoff/ho_7/desk": 0}}
    desk.snapshot["handoffs"] = [assigned]
    desk.event("agent/ag_amira", "handoff.assigned", assigned)
    focus_is(page, "Reply to Maya")


def work(page: Page, desk: ScriptedDesk, watcher: Watcher) -> None:
    watcher.look("working")
    heard(
        page.get_by_role("log"),
        """
        - log "Conversation with Maya 7 Chen":
          - list:
            - listitem: /You joined, \\d+:\\d+/
            - listitem:
              - paragraph: /You \\d+:\\d+/
              - text: Message 0 about the charge of Corner Cafe
              - paragraph: Sent
            - listitem:
              - paragraph: /Maya \\d+:\\d+/
              - text: Message 1 about the charge of Corner Cafe
            - listitem: Message 2 about the charge of Corner Cafe
        """,
    )
    see_facts(page)
    desk.event("agent/ag_amira", "offer.made", call_for(8))
    expect(page.get_by_text("Code and tap in the page").first).to_be_visible()
    watcher.look("call pop")
    desk.event("agent/ag_amira", "offer.ended", {"id": "of_8", "status": "withdrawn"})
    tab_to(page, "Put away")
    watcher.look("offer withdrawn")
    page.keyboard.press("Enter")


def see_facts(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab_to(page, "^Copy: Fact 0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_attached()
    assert page.evaluate("() => navigator.clipboard.readText()") == "GBP 0.10, Corner Cafe"


def call_for(number: int) -> Frame:
    call = {
        "id": "ca_1", "direction": "inbound", "status": "queued", "caller": "..0001", "evidence": "tap",
        "claim": "mine", "at": scripted.moment(30), "answered_at": scripted.moment(30), "bridged_at": None,
        "ended_at": None, "outcome": None,
        "is_rendered": False, "is_held": False, "is_muted": False, "controls": ["hold", "resume", "mute", "unmute"],
        "trouble": None,
    }  # fmt: skip
    made = scripted.offer(number)
    return made | {"handoff": made["handoff"] | {"channel": "phone", "call": call, "evidence": "tap"}}


def pass_on(page: Page, watcher: Watcher) -> None:
    page.keyboard.press("Alt+t")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    watcher.look("transfer")
    tab_to(page, "Note for the next agent")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def see_the_line_break(page: Page, desk: ScriptedDesk, watcher: Watcher) -> None:
    desk.deaf = True
    desk.hang_up()
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    watcher.look("disconnected")
    tab_to(page, "Reply to Maya")
    page.keyboard.type("Kept")
    tab_to(page, "Try now")
    desk.deaf = False
    page.keyboard.press("Enter")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.locator("#comp-text")).to_have_value("Kept")


def wrap_up(page: Page, desk: ScriptedDesk, watcher: Watcher) -> None:
    desk.event("handoff/ho_7", "handoff.changed", scripted.changed("wrap_up"))
    expect(page.get_by_role("form", name="Wrap-up")).to_be_visible()
    watcher.look("wrap-up")
    tab_to(page, "^Resolved")
    page.keyboard.press("Space")
    tab_to(page, "Save and be free")
    page.keyboard.press("Enter")
    desk.event("handoff/ho_7/desk", "wrap_up.recorded", {"disposition": "resolved", "note": None, "agent": AMIRA})
    desk.event("agent/ag_amira", "handoff.unassigned", {"id": "ho_7", "reason": "resolved"})
    expect(page.get_by_text("You’re available")).to_be_visible()


AMIRA: Final = {"id": "ag_amira", "name": "Amira"}


# -- several windows of one agent


def test_what_one_window_does_the_others_show_and_the_sixth_puts_the_first_to_rest(
    maya: Customer, amira: Agent
) -> None:
    maya.visit("/")
    maya.ask_for_help(about="Something else")
    second = new_window(amira)
    expect(second.get_by_role("timer")).to_be_visible()
    amira.accept()
    expect(second.get_by_role("timer")).to_have_count(0)
    expect(second.locator(".mine__row")).to_have_count(1)
    maya.say("Seen in both?")
    for page in (amira.page, second):
        expect(page.get_by_role("log").get_by_text("Seen in both?", exact=True)).to_have_count(1)
    windows = [second, *(new_window(amira) for _ in range(4))]
    expect(amira.page.get_by_text("The desk is open in too many windows.")).to_be_visible()
    amira.page.evaluate("() => dispatchEvent(new Event('online'))")
    for page in windows:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(amira.page.get_by_role("link", name="Use this one")).to_be_visible()
    for page in windows[1:]:
        page.close()
    amira.page = second


def new_window(agent: Agent) -> Page:
    page = agent.context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{agent.town.product.origin}/console/")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    return page


def test_the_waiting_place_is_heard_as_it_stands(maya: Customer) -> None:
    maya.visit("/")
    maya.ask_for_help(about="Something else")
    heard(maya.panel.locator("body"), WAITING)
    small = maya.frame.evaluate(SIZES, PANEL_TARGET)
    assert small == []
    eventually(maya.page, lambda: maya.panel.locator("h1").count() == 1)


WAITING: Final = """
- banner:
  - img "Harbour Bank help"
  - text: Something else
  - button "Minimise help, keep my place"
- main:
  - heading "Your place in the line for “Something else”" [level=1]
  - paragraph: "1"
  - paragraph
  - paragraph: You’re next.
  - button /Keep browsing/
  - button "Leave the line"
  - status
  - text: Add something for the agent
  - textbox "Add something for the agent"
  - button "Send"
- paragraph: /Place 1\\. .* You’re next\\./
"""


def test_the_conversation_and_its_end_are_heard_as_they_stand(maya: Customer, amira: Agent) -> None:
    maya.context.grant_permissions(["clipboard-write"])
    maya.visit("/")
    maya.ask_for_help(about="Something else")
    amira.accept()
    amira.say("Hello Maya, is it the one at Corner Cafe?")
    maya.reads("Hello Maya, is it the one at Corner Cafe?")
    paste_a_megabyte(maya)
    maya.say("Yes, that one")
    amira.reads("Yes, that one")
    expect(maya.log.get_by_text("read", exact=True)).to_be_attached()
    faults = [*stands(maya, TALKING)]
    amira.end()
    expect(maya.panel.get_by_text("How easy was it to get this done?")).to_be_visible()
    assert [*faults, *stands(maya, ENDED)] == []


def stands(maya: Customer, words: str) -> list[str]:
    heard(maya.panel.locator("body"), words)
    examiner, found = Examiner(), maya.frame.evaluate(SIZES, PANEL_TARGET)
    for scheme in ("light", "dark"):
        maya.page.emulate_media(color_scheme=scheme)
        maya.frame.evaluate(SETTLED)
        examiner.look(scheme, maya.frame)
        found += maya.frame.evaluate(CONTRAST)
    maya.page.emulate_media(color_scheme="light")
    return [*found, *examiner.found]


def paste_a_megabyte(maya: Customer) -> None:
    """It is not taken in, and said so; what was there stays, and so does the page's pace."""
    maya.page.evaluate("() => navigator.clipboard.writeText('word and word. '.repeat(70_000))")
    maya.pen.fill("My own words")
    maya.pen.press("Control+v")
    expect(maya.panel.get_by_role("alert")).to_contain_text("none of it was put in")
    expect(maya.pen).to_have_value("My own words")
    maya.pen.fill("")
    expect(maya.panel.locator(".strip--bad")).to_have_count(0)


TALKING: Final = """
- banner:
  - heading "Amira" [level=1]
  - text: Here now
  - button "Go on by phone"
  - button "End conversation"
  - button "Minimise help, keep my place"
- main:
  - log "Conversation":
    - list:
      - listitem:
        - switch "Play a sound when something comes"
      - listitem: /Amira joined at .* Your details and steps are on screen\\./
      - listitem:
        - paragraph: /Amira, \\d+:\\d+/
        - text: Hello Maya, is it the one at Corner Cafe?
      - listitem:
        - text: "You wrote: Yes, that one"
        - paragraph: /\\d+:\\d+ read/
  - status
  - status
  - button "Attach a file"
  - text: Write a message
  - textbox "Write a message"
  - button "Send"
- paragraph: Amira is here.
"""
ENDED: Final = """
- banner:
  - img "Harbour Bank help"
  - text: /Ended at \\d+:\\d+/
  - button "Minimise help, keep my place"
- main:
  - heading "This conversation has ended" [level=1]
  - blockquote:
    - paragraph: /Amira, \\d+:\\d+/
    - paragraph: Hello Maya, is it the one at Corner Cafe?
  - group "How easy was it to get this done?":
    - radio "1"
    - radio "7"
  - textbox "What made it so? (optional)"
  - button "Skip"
  - button "Send" [disabled]
  - group: Read the conversation
  - button "Ask about something else"
- paragraph
"""
