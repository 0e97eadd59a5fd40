"""S7: a page on another origin can neither hold the panel nor speak for the page that holds it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Request, expect

from tests.e2e.people import Agent, Customer, eventually
from tests.e2e.servers import Town

JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+")
REFUSED = "chrome-error://chromewebdata/"
# No other frame gets here: a frame inside a shadow root is in nobody's `frames`.
PANEL = "document.querySelector('body > div').shadowRoot.querySelector('iframe').contentWindow"
HOSTILE_FRAME = """
<script>
  window.heard = [];
  addEventListener('message', event => { if (event.origin !== location.origin) heard.push(event.data) });
  function attack(nonce, targets) {
    const said = [{type: 'logout'}, {type: 'need', id: 1, need: {}}, {type: 'minimise'}, {type: 'wiped'},
      {type: 'identity'}, {type: 'token', id: 1, token: 'a.b.c'},
      {type: 'state', state: 'closed', title: 'Pwned', detail: ''},
      {type: 'hello', entries: [], intent: null, shown: true, identity: true, tab: null}];
    for (const target of targets) for (const message of said) target.postMessage({handoff: nonce, message}, '*');
  }
</script>
"""


def listed_page(town: Town, more: str = "") -> str:
    loader = f'<script async src="{town.product.origin}/widget.js" data-site="harbour"></script>'
    return town.listed.serve("/shop", f"<h1>A listed page</h1>{more}{loader}")


def test_only_listed_pages_may_hold_the_panel(maya: Customer, town: Town) -> None:
    frame = f'<iframe src="{town.product.origin}/widget/frame?site=harbour"></iframe>'
    maya.page.goto(town.listed.serve("/holds", frame))
    expect(maya.page.frame_locator("iframe").locator("#panel")).to_be_attached()

    with maya.page.expect_event("console", lambda message: "frame-ancestors" in message.text):
        maya.page.goto(town.hostile.serve("/holds", frame))
    eventually(maya.page, lambda: maya.page.frames[1].url == REFUSED)
    console = f'<iframe src="{town.product.origin}/console/"></iframe>'
    with maya.page.expect_event("console", lambda message: "frame" in message.text):
        maya.page.goto(town.listed.serve("/console", console))
    eventually(maya.page, lambda: maya.page.frames[1].url == REFUSED)


def test_a_panel_that_does_not_come_leaves_the_page_as_it_was(maya: Customer) -> None:
    """The browser's own error page in the frame would stand there without a way out, on a phone over everything."""
    maya.sign_in()
    maya.page.route("**/widget/frame*", lambda route: route.abort())
    maya.launcher.click()
    maya.page.wait_for_function("document.querySelector('body > div').shadowRoot.querySelector('iframe') !== null")
    expect(maya.launcher).to_be_visible()
    expect(maya.page.locator("iframe[title='Get help']")).to_be_hidden()
    maya.page.unroute("**/widget/frame*")


# What frameworks, resets and old sites do to every element, all of it important.
HOSTILE_STYLE = """<style>
  * { all: unset !important; display: none !important; color: red !important; font-size: 3px !important }
  html, body { display: block !important; font-size: 3px !important; zoom: 1; line-height: 0 !important }
  body > div, div { visibility: hidden !important; opacity: 0 !important; transform: scale(0) !important;
    position: static !important; width: 0 !important; pointer-events: none !important }
  button, iframe { display: none !important; width: 1px !important; height: 1px !important }
</style>"""
OLD_DOCTYPE = '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">'


@pytest.mark.parametrize("doctype", ["<!doctype html>", OLD_DOCTYPE, ""])
def test_a_page_that_styles_everything_away_breaks_nothing(maya: Customer, town: Town, doctype: str) -> None:
    loader = f'<script async src="{town.product.origin}/widget.js" data-site="harbour"></script>'
    maya.page.goto(town.listed.serve("/old", f"{HOSTILE_STYLE}<p>An old page</p>{loader}", doctype=doctype))
    assert maya.page.evaluate("document.compatMode") == ("CSS1Compat" if doctype == "<!doctype html>" else "BackCompat")
    box = maya.launcher.bounding_box()
    assert box
    assert box["height"] >= 44
    maya.press_get_help()
    frame = maya.page.locator("iframe[title='Get help']").bounding_box()
    assert frame
    assert (frame["width"], frame["height"] > 500) == (400, True)
    # And the page is as it was: nothing of ours styles it.
    assert maya.page.locator("p").evaluate("one => getComputedStyle(one).display") == "none"


def test_a_sandboxed_page_gets_help_or_keeps_its_button(maya: Customer, town: Town) -> None:
    """A frame with its own origin works; one that may not have it can hold no panel, and is left as it was."""
    inner = listed_page(town)
    for rights, shown in (("allow-scripts allow-same-origin", True), ("allow-scripts", False)):
        frame = f'<iframe id="site" sandbox="{rights}" width="1000" height="700" src="{inner}"></iframe>'
        maya.page.goto(town.listed.serve("/outer", frame))
        site = maya.page.frame_locator("#site")
        site.get_by_role("button", name="Get help").click()
        panel = site.locator("iframe[title='Get help']")
        if shown:
            expect(panel.content_frame.locator("h1")).to_be_visible()
        else:
            expect(panel).to_be_attached()
            expect(panel).to_be_hidden()
            expect(site.get_by_role("button", name="Get help")).to_be_visible()


def test_a_hostile_frame_in_a_listed_page_is_not_heard(maya: Customer, town: Town) -> None:
    hostile = town.hostile.serve("/inside", HOSTILE_FRAME)
    maya.page.goto(listed_page(town, f'<iframe src="{hostile}"></iframe>'))
    maya.page.evaluate("handoff('step', {name: 'pay', status: 'failed', error: 'DECLINED'})")
    maya.press_get_help()
    maya.start_chat(about="A payment")
    before = snapshot(maya)

    attacker = next(frame for frame in maya.page.frames if frame.url == hostile)
    # Worse than life: it knows the nonce, which no page of another origin can read.
    for nonce in (maya.frame.evaluate("window.name"), "", "guess"):
        attacker.evaluate("nonce => attack(nonce, [top, ...Array.from({length: top.length}, (_, i) => top[i])])", nonce)
    settle(maya)
    assert snapshot(maya) == before
    assert attacker.evaluate("heard") == []
    leave_the_line(maya)


def test_the_panel_obeys_nobody_without_the_nonce(maya: Customer, town: Town) -> None:
    maya.page.goto(listed_page(town, HOSTILE_FRAME))
    maya.press_get_help()
    maya.start_chat(about="A payment")
    before = snapshot(maya)
    for nonce in ("", "guess", None):
        maya.page.evaluate(f"(nonce) => attack(nonce, [window, {PANEL}])", nonce)
    names = ["__proto__", "constructor", "toString", "nobody", None, {}]
    maya.page.evaluate(
        f"([nonce, names]) => names.forEach(type => {PANEL}.postMessage({{handoff: nonce, message: {{type}}}}, '*'))",
        [maya.frame.evaluate("window.name"), names],
    )
    settle(maya)
    assert snapshot(maya) == before
    leave_the_line(maya)
    assert maya.complaints == []


def snapshot(maya: Customer) -> dict[str, Any]:
    eventually(maya.page, lambda: "recorded" in maya.page.evaluate("sessionStorage.getItem('handoff.panel')"))
    return {
        "panel": maya.panel.locator("h1").inner_text(),
        "open": not maya.launcher.is_visible(),
        "session": json.loads(maya.frame.evaluate("sessionStorage.getItem('handoff.session')"))["token"],
        "steps": maya.page.evaluate("sessionStorage.getItem('handoff.steps')"),
        "tab": maya.page.evaluate("sessionStorage.getItem('handoff.panel')"),
    }


def settle(maya: Customer) -> None:
    """A frame takes its messages in their order: when its own has come, so have those before it."""
    own = """() => new Promise(resolve => {
      addEventListener('message', event => event.data === 'own' && resolve());
      postMessage('own', '*');
    })"""
    for frame in maya.page.frames:
        frame.evaluate(own)


def leave_the_line(maya: Customer) -> None:
    maya.panel.get_by_role("button", name="Leave the line").click()
    maya.panel.get_by_role("button", name="Leave", exact=True).click()
    expect(maya.panel.get_by_text("You left the line")).to_be_visible()


def test_no_token_leaves_the_frame(maya: Customer, amira: Agent) -> None:
    urls: list[str] = []
    maya.context.on("request", lambda request: urls.extend(places_of(request)))
    maya.page.on("websocket", lambda socket: urls.append(socket.url))
    maya.get_stuck_at_the_receipt()
    maya.ask_for_help()
    amira.accept()
    maya.sees_with("Amira")
    maya.page.reload()
    maya.sees_with("Amira")
    session = json.loads(maya.frame.evaluate("sessionStorage.getItem('handoff.session')"))["token"]
    assert any("/ws/customer" in url for url in urls)

    keep = "() => JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie, location.href, window.name])"
    shown = "() => JSON.stringify([{...localStorage}, document.cookie, location.href, document.referrer])"
    places = [*urls, json.dumps(maya.context.cookies()), maya.page.evaluate(keep), maya.frame.evaluate(shown)]
    for place in places:
        assert session not in place
        assert not JWT.search(place)
    assert {cookie["name"] for cookie in maya.context.cookies()} <= {"harbour_sessionid", "harbour_csrftoken"}
    assert maya.complaints == []


def places_of(request: Request) -> list[str]:
    return [request.url, request.headers.get("referer", "")]
