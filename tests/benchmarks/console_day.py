"""A desk over a whole day: 2,000 handoffs come, are talked about, wrapped up and go; what of them stays in the page?

.venv/bin/python -m tests.benchmarks.console_day [handoffs]
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import CDPSession, Page

from tests.benchmarks.console import opened
from tests.benchmarks.machine import calibrate, description, table
from tests.benchmarks.screens import chromium
from tests.scripted_desk import DIST, Frame, ScriptedDesk, changed, handoff, offer, posted, snapshot, standing

DAY: Final = 2000
# The first hundred fill what is made once: code, styles, caches of a fixed size.
LOOKS: Final = (0.05, 0.25, 0.5, 0.75, 1)
MESSAGES: Final = 6
HEADS: Final = ("handoffs", "JS heap", "DOM nodes", "listeners", "documents", "kept in storage")
STORED: Final = "() => Object.entries(sessionStorage).concat(Object.entries(localStorage)).flat().join('').length"


@dataclass(frozen=True)
class Look:
    """What a page holds after its garbage was collected."""

    handoffs: int
    heap: int
    nodes: int
    listeners: int
    documents: int
    stored: int

    def row(self) -> list[str]:
        return [
            str(self.handoffs), f"{self.heap / 1e6:.2f} MB", str(self.nodes), str(self.listeners),
            str(self.documents), f"{self.stored} characters",
        ]  # fmt: skip


def look(page: Page, cdp: CDPSession, handoffs: int) -> Look:
    for _ in range(3):
        cdp.send("HeapProfiler.collectGarbage")
    told: Any = cdp.send("Performance.getMetrics")["metrics"]
    figures = {one["name"]: int(one["value"]) for one in told}
    return Look(
        handoffs, figures["JSHeapUsedSize"], figures["Nodes"], figures["JSEventListeners"], figures["Documents"],
        page.evaluate(STORED),
    )  # fmt: skip


# The agent's hands, in the page itself so that a day takes minutes: Alt+Enter for each offer, an answer for each talk,
# and half a sentence left unsent.
HANDS: Final = """handoffs => new Promise(done => {
  const key = (target, init) =>
    target.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, cancelable: true, ...init}));
  const write = (pen, text) => {
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(pen, text);
    pen.dispatchEvent(new InputEvent('input', {bubbles: true}));
  };
  let offered = '', answered = '', ended = 0;
  const look = () => {
    const offer = document.querySelector('section.offer[aria-labelledby]'), pen = document.querySelector('#comp-text');
    const who = document.querySelector('.mid__who bdi')?.textContent ?? '';
    if (answered && who !== answered) {
      answered = '';
      if (++ended === handoffs) return done(ended);
    }
    if (offer && offer.getAttribute('aria-labelledby') !== offered) {
      offered = offer.getAttribute('aria-labelledby');
      key(window, {code: 'Enter', key: 'Enter', altKey: true});
    } else if (pen && who !== answered && document.querySelector('.flow__list')?.textContent.includes('Message 5 of')) {
      answered = who;
      write(pen, `An answer to ${who}`);
      setTimeout(() => { key(pen, {code: 'Enter', key: 'Enter'}); setTimeout(() => write(pen, 'Half a sen')); });
    }
    requestAnimationFrame(look);
  };
  look();
})"""


class Day:
    """The other side of it: one handoff after another, each told as the server would tell it."""

    def __init__(self, desk: ScriptedDesk) -> None:
        self.desk, self.number, self.last = desk, 0, 0
        desk.answers |= {"message.send": self._post, "offer.accept": self._assign}

    def until(self, page: Page, number: int) -> None:
        """Lives through the handoffs up to this one."""
        count, self.last = number - self.number, number
        self._offer()
        assert page.evaluate(HANDS, count) == count

    def _later(self, act: Callable[[], None], seconds: float = 0.01) -> None:
        threading.Timer(seconds, act).start()

    def _offer(self) -> None:
        self.number += 1
        self.desk.event("agent/ag_amira", "offer.made", offer(self.number))

    def _assign(self, _: Frame) -> Frame:
        self._later(self._come)
        return {"handoff": f"ho_{self.number}"}

    def _come(self) -> None:
        number, stream = self.number, f"handoff/ho_{self.number}"
        streams = {stream: 7, f"{stream}/desk": 0}
        self.desk.heads |= streams
        self.desk.event("agent/ag_amira", "offer.ended", {"id": f"of_{number}", "status": "accepted"})
        self.desk.event("agent/ag_amira", "handoff.assigned", handoff(number, messages=MESSAGES) | {"heads": streams})
        for n in range(MESSAGES):
            self.desk.pass_on({"ev": "typing", "handoff": f"ho_{number}", "who": "customer"})
            self.desk.event(stream, "message.posted", posted(number, "customer", f"Message {n} of {number}"))
        self.desk.pass_on({"ev": "presence", "handoff": f"ho_{number}", "who": "customer", "status": "away"})

    def _post(self, frame: Frame) -> Frame:
        said = posted(self.number, "agent", frame["text"], frame["client_id"])
        self.desk.event(f"handoff/{frame['handoff']}", "message.posted", said)
        self._later(self._end, 0.05)
        return {"id": f"me_{self.number}", "seq": 1, "at": ""}

    def _end(self) -> None:
        number, stream = self.number, f"handoff/ho_{self.number}"
        self.desk.event(stream, "handoff.changed", changed("wrap_up"))
        done = {"disposition": "resolved", "note": None, "agent": {"id": "ag_amira", "name": "Amira"}}
        self.desk.event(stream + "/desk", "wrap_up.recorded", done)
        self.desk.event("agent/ag_amira", "handoff.unassigned", {"id": f"ho_{number}", "reason": "resolved"})
        for name in (stream, stream + "/desk"):
            self.desk.heads.pop(name)
        if number < self.last:
            self._later(self._offer, 0.06)


def live_through(handoffs: int, dist: Path = DIST) -> list[Look]:
    desk = ScriptedDesk(*snapshot([]))
    looks: list[Look] = []
    with chromium() as browser, standing(desk, dist), opened(browser, desk) as page:
        cdp = page.context.new_cdp_session(page)
        cdp.send("Performance.enable")
        day = Day(desk)
        for share in LOOKS:
            day.until(page, round(handoffs * share))
            page.evaluate("() => window.took.splice(0)")
            looks.append(look(page, cdp, round(handoffs * share)))
            print(" ".join(looks[-1].row()), file=sys.stderr, flush=True)
    return looks


def main() -> None:
    handoffs = int(sys.argv[1]) if len(sys.argv) > 1 else DAY
    dist = Path(sys.argv[2]) if len(sys.argv) > 2 else DIST
    print(description(), calibrate().line(), sep="\n\n", flush=True)
    print("\n" + table(HEADS, [one.row() for one in live_through(handoffs, dist)]))


if __name__ == "__main__":
    main()
