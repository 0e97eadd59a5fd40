"""Scripts are data: every one that ships is whole, and a wrong one is told by its file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from handoff.journeys.context import clean_context
from handoff.lib.clock import utc_now
from handoff.simulation.customers import CLOSING_WORDS
from handoff.simulation.scripts import ANY, FOLDER, Library, Script, read_library
from handoff.simulation.stage import Plan, Signer, Stage


@pytest.fixture(scope="module")
def library() -> Library:
    return read_library()


def _scripts() -> list[Script]:
    return list(read_library().scripts.values())


@pytest.mark.parametrize("script", _scripts(), ids=lambda script: script.intent)
def test_a_journey_is_one_that_the_product_takes_and_has_a_step_that_failed(script: Script) -> None:
    context = clean_context({"steps": script.steps, "facts": script.facts}, now=utc_now(), allowed_parameters=[])
    assert [step.status for step in context.steps].count("failed") == 1
    assert len(context.facts) == len(script.facts)


@pytest.mark.parametrize("script", _scripts(), ids=lambda script: script.intent)
def test_there_is_always_something_to_say(script: Script, library: Library) -> None:
    for line in [*library.agents.lines_for(script.intent), *library.agents.greetings, "xyzzy", ""]:
        assert all(text.strip() for text in script.reply_to(line))
        assert script.reply_to(line)
    assert script.statements
    assert script.closing
    habits = script.habits
    shares = (habits.unverified, habits.callback, habits.leaves, habits.reconnects, habits.surveys)
    assert all(0 <= share <= 1 for share in shares)
    assert 1 <= habits.effort[0] <= habits.effort[1] <= 7


def test_a_customer_hears_when_an_agent_is_done(library: Library) -> None:
    assert all(any(words in line.lower() for words in CLOSING_WORDS) for line in library.agents.closing)
    said = [line for lines in library.agents.lines for line in lines.says] + library.agents.greetings
    assert not any(words in line.lower() for line in said for words in CLOSING_WORDS)


def test_an_answer_follows_from_what_was_asked(library: Library) -> None:
    script = library.script_for("dispute-charge")
    assert script.reply_to("Which charge do you mean?") == script.replies[0].says
    assert script.reply_to("One moment.") == script.otherwise


def test_an_intent_without_a_script_has_the_general_one(library: Library) -> None:
    assert library.script_for("nobody-thought-of-this") is library.scripts[ANY]
    assert library.weights(["dispute-charge", "nobody-thought-of-this"]) == [4, 1]


def test_a_wrong_script_is_told_by_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "scripts"
    shutil.copytree(FOLDER, folder)
    (folder / "loan.toml").write_text('intent = "loan"\nstatments = []\n')
    with pytest.raises(ValueError, match=r"loan\.toml: .*"):
        read_library(folder)
    (folder / "loan.toml").unlink()
    (folder / "any.toml").unlink()
    with pytest.raises(ValueError, match="'any' is missing"):
        read_library(folder)


async def test_at_the_end_of_the_play_nobody_dawdles(library: Library) -> None:
    signer = Signer(site="practice", kid="k", secret="s")
    plan = Plan(url="", public_origin="", signer=signer, accounts=(), customers=0, minutes=9, speed=3)
    stage = Stage(plan, library)
    assert plan.seconds == 180
    stage.is_closing.set()
    await stage.pause(3600)
    assert not await stage.until(stage.is_over, 3600)
