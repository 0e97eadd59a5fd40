"""axe finds nothing serious in any view of the panel or the console, by day and by night."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, Literal

import pytest
from playwright.sync_api import Frame, Page, expect

from deploy.shell import ROOT
from tests.e2e.people import Agent, Customer

GRAVE: Final = ("serious", "critical")
# A colour on its way from day to night is neither.
SETTLE: Final = """async () => {
  const moving = document.getAnimations().filter(one => one instanceof CSSTransition);
  await Promise.allSettled(moving.map(one => one.finished));
}"""
RUN: Final = """async () => {
  const {violations, passes} = await axe.run(document, {iframes: false});
  const shown = ({id, impact, nodes}) => [impact, id, ...nodes.slice(0, 3).map(node => node.html.slice(0, 160))];
  return {violations: violations.map(shown), passes: passes.length};
}"""


@cache
def axe() -> str:
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()


class Examiner:
    def __init__(self) -> None:
        self.found: dict[str, list[list[str]]] = {}

    def look(self, view: str, place: Page | Frame) -> None:
        place.evaluate(axe())
        place.evaluate(SETTLE)
        report = place.evaluate(RUN)
        assert report["passes"] > 10, "axe looked at nothing"
        grave = [violation for violation in report["violations"] if violation[0] in GRAVE]
        if grave:
            self.found[view] = grave


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    scheme: Literal["light", "dark"], customer: Callable[..., Customer], agent: Callable[..., Agent]
) -> None:
    maya = customer(color_scheme=scheme, reduced_motion="reduce")
    amira = agent(color_scheme=scheme, reduced_motion="reduce")
    examiner = Examiner()
    examiner.look("console at rest", amira.page)
    maya.get_stuck_at_the_receipt()
    examiner.look("the page with the button", maya.page)
    maya.press_get_help()
    maya.panel.get_by_text("What the agent will see").click()
    examiner.look("panel: start", maya.frame)
    maya.start_chat("In my own words")
    maya.panel.get_by_text("What the agent sees").click()
    examiner.look("panel: waiting", maya.frame)
    expect(amira.offer).to_be_visible()
    examiner.look("console: offer", amira.page)

    amira.accept()
    amira.say("Hello Maya, see https://harbour.example/receipts")
    maya.sees_with("Amira")
    maya.say("Hello Amira")
    amira.reads("Hello Amira")
    examiner.look("panel: talking", maya.frame)
    examiner.look("console: talking", amira.page)
    maya.shoot(f"19-talking-{scheme}")
    amira.shoot(f"20-talking-{scheme}")
    amira.page.keyboard.press("F6")
    amira.page.keyboard.press("Shift+?")
    expect(amira.page.get_by_role("dialog")).to_be_visible()
    examiner.look("console: keys", amira.page)
    amira.page.keyboard.press("Escape")

    amira.page.keyboard.press("Alt+t")
    expect(amira.page.get_by_role("dialog").get_by_text("Payments")).to_be_visible()
    amira.page.get_by_role("dialog").get_by_role("button", name="Transfer").click()
    expect(amira.page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Choose where it goes first.")
    examiner.look("console: transfer", amira.page)
    amira.shoot(f"23-transfer-{scheme}")
    amira.page.keyboard.press("Escape")

    amira.end()
    examiner.look("console: wrap-up", amira.page)
    expect(maya.panel.get_by_text("How easy was it")).to_be_visible()
    examiner.look("panel: ended", maya.frame)
    maya.shoot(f"21-ended-{scheme}")
    amira.shoot(f"22-wrap-up-{scheme}")
    amira.wrap_up("Resolved")
    assert examiner.found == {}
