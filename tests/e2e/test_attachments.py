"""Files both ways: a photo by click, a PDF by keyboard, one that is given up and one that a tunnel held up."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Frame, Locator, Page, expect

from tests.attachments.files import PDF, image
from tests.e2e.network import Network
from tests.e2e.people import Agent, Customer
from tests.e2e.test_accessibility import Examiner
from tests.e2e.test_keyboard import focus_is, tab_to

PHOTO = {"name": "Ferien \u202egpj.exe.jpg", "mimeType": "image/jpeg", "buffer": image("JPEG", size=(900, 600))}
TERMS = {"name": "terms.pdf", "mimeType": "application/pdf", "buffer": PDF}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
DROP = """({kind, name, type, content}) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(content), one => one.charCodeAt(0))], name, {type}));
  const said = kind === 'paste'
    ? new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})
    : new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true});
  (document.activeElement ?? document.body).dispatchEvent(said);
}"""


@pytest.fixture
def talk(customer: Callable[..., Customer], agent: Callable[..., Agent], network: Network) -> tuple[Customer, Agent]:
    maya, amira = customer(proxy={"server": network.address}), agent()
    maya.sign_in()
    maya.ask_for_help("About a photo", about="Dispute a charge")
    amira.accept()
    maya.sees_with("Amira")
    return maya, amira


def choose(maya: Customer, *files: Any) -> None:
    with maya.page.expect_file_chooser() as chooser:
        maya.panel.get_by_role("button", name="Attach a file").click()
    chooser.value.set_files(list(files))


def put(page: Any, kind: Literal["paste", "drop"], name: str, content: bytes, type_: str) -> None:
    page.evaluate(DROP, {"kind": kind, "name": name, "type": type_, "content": base64.b64encode(content).decode()})


def sees_a_picture(log: Locator, *, times: int = 1) -> None:
    pictures = log.locator("img.file__picture")
    expect(pictures).to_have_count(times)
    for number in range(times):
        handle = pictures.nth(number)
        expect(handle).to_be_visible()
        expect(handle).to_have_js_property("complete", True)
        assert handle.evaluate("one => one.naturalWidth") > 0


def test_files_go_both_ways(talk: tuple[Customer, Agent], network: Network, tmp_path: Path) -> None:
    maya, amira = talk
    a_customer_sends_a_photo_by_click(maya, amira)
    the_agent_opens_it(amira)
    the_agent_sends_a_pdf_by_keyboard(amira, maya, tmp_path)
    a_file_is_given_up(maya)
    a_tunnel_holds_one_up(maya, amira, network)
    what_is_pasted_and_dropped_is_sent(maya, amira)
    what_is_refused_says_why(maya)
    assert [line for line in maya.complaints if "status of 415" not in line] == []
    assert amira.complaints == []


def a_customer_sends_a_photo_by_click(maya: Customer, amira: Agent) -> None:
    choose(maya, PHOTO)
    row = maya.panel.get_by_role("list", name="Files to send").get_by_role("listitem")
    expect(row).to_contain_text("Ready to send")
    expect(maya.panel.get_by_role("status").filter(has_text="is ready to send")).to_have_count(1)
    maya.pen.fill("Here it is")
    maya.panel.get_by_role("button", name="Send", exact=True).click()
    expect(row).to_have_count(0)
    maya.reads("Here it is")
    amira.reads("Here it is")
    sees_a_picture(maya.log)
    sees_a_picture(amira.log)
    amira.shoot("attachments-console")
    maya.shoot("attachments-widget")


def the_agent_opens_it(amira: Agent) -> None:
    card = amira.log.get_by_role("link", name=re.compile("Ferien"))
    # A name that would be read from right to left is shown as what it is.
    expect(card).to_contain_text("Ferien gpj_exe.jpg")
    with amira.context.expect_page() as opened:
        card.click()
    shown = opened.value
    shown.wait_for_load_state()
    assert re.search(r"/api/v1/attachments/[^/?]+$", shown.url)
    assert shown.evaluate("document.images.length") == 1
    shown.close()
    amira.page.bring_to_front()
    # A page that is not in front opens no dialog for files.
    amira.page.wait_for_function("document.hasFocus()")


def the_agent_sends_a_pdf_by_keyboard(amira: Agent, maya: Customer, tmp_path: Path) -> None:
    page = amira.page
    amira.pen.focus()
    tab_to(page, "^File$")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([TERMS])
    focus_is(page, "Reply to Maya")
    expect(page.get_by_role("list", name="Files to send")).to_contain_text("Ready")
    page.keyboard.press("Enter")
    card = maya.log.get_by_role("button", name=re.compile("Save terms.pdf"))
    expect(card).to_be_visible()
    with maya.page.expect_download() as saved:
        card.press("Enter")
    assert saved.value.suggested_filename == "terms.pdf"
    saved.value.save_as(tmp_path / "terms.pdf")
    assert (tmp_path / "terms.pdf").read_bytes() == PDF


def a_file_is_given_up(maya: Customer) -> None:
    held: list[Any] = []
    maya.context.route("**/handoffs/*/attachments", lambda route: held.append(route))
    choose(maya, PHOTO)
    cancel = maya.panel.get_by_role("button", name=re.compile("^Cancel"))
    expect(cancel).to_be_visible()
    cancel.press("Enter")
    expect(maya.panel.get_by_role("list", name="Files to send")).to_have_count(0)
    focus_is(maya.page, "Write a message")
    maya.context.unroute("**/handoffs/*/attachments")


def a_tunnel_holds_one_up(maya: Customer, amira: Agent, network: Network) -> None:
    network.cut()
    choose(maya, TERMS | {"name": "held-up.pdf"})
    row = maya.panel.get_by_role("list", name="Files to send").get_by_role("listitem")
    expect(row).to_contain_text("The connection was lost")
    network.mend()
    row.get_by_role("button", name="Try again").click()
    expect(row).to_contain_text("Ready to send")
    expect(maya.panel.get_by_text("Here now")).to_be_visible()
    maya.pen.press("Enter")
    expect(amira.log.get_by_role("link", name=re.compile("held-up.pdf"))).to_have_count(1)


def what_is_pasted_and_dropped_is_sent(maya: Customer, amira: Agent) -> None:
    amira.pen.focus()
    put(amira.page, "paste", "image.png", image(), "image/png")
    expect(amira.page.get_by_role("list", name="Files to send")).to_contain_text("Ready")
    amira.say("A picture of it")
    sees_a_picture(maya.log, times=2)
    put(maya.frame, "drop", "dropped.png", image(), "image/png")
    expect(maya.panel.get_by_role("list", name="Files to send")).to_contain_text("Ready to send")
    maya.pen.press("Enter")
    sees_a_picture(amira.log, times=3)


def what_is_refused_says_why(maya: Customer) -> None:
    choose(maya, {"name": "receipt.png", "mimeType": "image/png", "buffer": b"<html><script>alert(1)</script>"})
    row = maya.panel.get_by_role("list", name="Files to send").get_by_role("listitem")
    expect(row).to_contain_text("Files of this kind can’t be sent")
    expect(row.get_by_role("button", name="Try again")).to_have_count(0)
    row.get_by_role("button", name="Remove receipt.png").click()
    expect(row).to_have_count(0)


def test_axe_finds_nothing_serious_in_files(customer: Callable[..., Customer], agent: Callable[..., Agent]) -> None:
    maya, amira = customer(reduced_motion="reduce"), agent(reduced_motion="reduce")
    maya.sign_in()
    maya.ask_for_help(about="Dispute a charge")
    amira.accept()
    maya.sees_with("Amira")
    choose(maya, PHOTO, TERMS)
    expect(maya.panel.get_by_role("list", name="Files to send").get_by_text("Ready to send")).to_have_count(2)
    maya.pen.press("Enter")
    sees_a_picture(amira.log)
    one_refused_and_one_under_way(maya, amira)
    examiner = Examiner()
    for scheme in SCHEMES:
        for person, place in ((maya, maya.frame), (amira, amira.page)):
            person.page.emulate_media(color_scheme=scheme)
            examiner.look(f"{type(person).__name__}: files, {scheme}", place)
            person.shoot(f"attachments-{type(person).__name__.lower()}-{scheme}")
    assert examiner.found == {}
    targets_are_large(maya.frame, 44)
    targets_are_large(amira.page, 24)
    # An agent who ends with files unsent is asked back; this talk is over.
    for button in reversed(amira.page.get_by_role("button", name=re.compile("^Remove |^Cancel ")).all()):
        button.click()


def one_refused_and_one_under_way(maya: Customer, amira: Agent) -> None:
    held: list[Any] = []
    for person in (maya, amira):
        person.context.route("**/handoffs/*/attachments", lambda route: held.append(route))
    bad = {"name": "empty.txt", "mimeType": "text/plain", "buffer": b""}
    choose(maya, bad, TERMS)
    with amira.page.expect_file_chooser() as chooser:
        amira.page.get_by_role("button", name="File", exact=True).click()
    chooser.value.set_files([bad, TERMS])
    for place in (maya.panel, amira.page):
        expect(place.get_by_role("progressbar")).to_be_visible()


def targets_are_large(place: Page | Frame, least: int) -> None:
    buttons = place.get_by_role("button", name=re.compile("^Remove |^Cancel ")).all()
    boxes = [button.bounding_box() for button in buttons]
    assert len(boxes) == 2
    assert all(box and min(box["width"], box["height"]) >= least for box in boxes), boxes
