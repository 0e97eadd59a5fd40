"""The house keeps its own rules: who writes a state, who writes a status, how large a thought may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path
    for folder in ("handoff", "agent_console", "examples", "deploy")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]
FILE_LINES = 400
FUNCTION_LINES = 50
CONSUMER_LINES = 150
COMMAND_LINES = 40
WRITING = {"update", "create", "get_or_create", "update_or_create", "bulk_update"}


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def writes_of(tree: ast.AST, attribute: str) -> Iterator[int]:
    """Lines that assign `x.attribute`, pass it to `.update()` or `.create()`, or set it by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == attribute and isinstance(node.ctx, ast.Store):
            yield node.lineno
        is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if is_method and node.func.attr in WRITING and attribute in set(_named_in(node)):
            yield node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr":
            name = node.args[1]
            if isinstance(name, ast.Constant) and name.value == attribute:
                yield node.lineno


def _named_in(call: ast.Call) -> Iterator[str | None]:
    """The fields that a call writes: its keywords, those in a dict it unfolds or has as defaults, a list of names."""
    for keyword in call.keywords:
        yield keyword.arg
        if isinstance(keyword.value, ast.Dict) and keyword.arg in (None, "defaults", "create_defaults"):
            yield from (key.value for key in keyword.value.keys if isinstance(key, ast.Constant))
    for argument in call.args:
        if isinstance(argument, (ast.List, ast.Tuple)):
            yield from (one.value for one in argument.elts if isinstance(one, ast.Constant))


def writers_of(attribute: str) -> set[str]:
    return {name_of(path) for path in SOURCES for _ in writes_of(parse(path), attribute)}


def test_only_transitions_write_the_state_of_a_handoff() -> None:
    # The one other writer calls `transitions.create(state=...)`, which refuses all but the initial states.
    assert writers_of("state") == {"handoff/broker/transitions.py"}


def test_only_offers_write_the_status_of_an_offer_and_only_calls_that_of_a_call() -> None:
    writers = {name for name in writers_of("status") if name.startswith(("handoff/", "agent_console/"))}
    # What a phone line of the lab is at is no row of ours.
    rows = {name for name in writers if not name.startswith("handoff/telephony/backends/")}
    assert rows == {
        "handoff/routing/offers.py",
        "handoff/calls/actions.py",
        "handoff/attachments/actions.py",
        "handoff/broker/verification.py",
    }


def test_offers_know_no_calls_and_calls_no_offers() -> None:
    """So the one writer of each writes no other's."""
    imports = {
        name: {
            node.module
            for node in ast.walk(parse(ROOT / name))
            if isinstance(node, ast.ImportFrom) and node.module is not None
        }
        for name in ("handoff/routing/offers.py", "handoff/calls/actions.py")
    }
    assert not any(module.startswith("handoff.calls") for module in imports["handoff/routing/offers.py"])
    assert not any(module.startswith("handoff.routing") for module in imports["handoff/calls/actions.py"])


@pytest.mark.parametrize(
    "text",
    [
        "handoff.state = 'x'",
        "Handoff.objects.filter(pk=1).update(state='x')",
        "Handoff.objects.create(state='x')",
        "setattr(handoff, 'state', 'x')",
        "Handoff.objects.bulk_update(rows, ['state'])",
        "Handoff.objects.filter(pk=1).update(**{'state': 'x'})",
    ],
)
def test_the_walk_sees_each_way_of_writing(text: str) -> None:
    assert list(writes_of(ast.parse(text), "state"))


def test_files_are_small() -> None:
    sizes = {name_of(path): path.read_text().count("\n") for path in SOURCES}
    assert {name: size for name, size in sizes.items() if size > FILE_LINES} == {}


def test_functions_are_small() -> None:
    long = {
        f"{name_of(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(parse(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {name: size for name, size in long.items() if size > FUNCTION_LINES} == {}


def test_consumers_and_commands_are_thin() -> None:
    consumers = [ROOT / "handoff/widget/consumer.py", ROOT / "agent_console/consumer.py"]
    commands = [path for path in (ROOT / "handoff/management/commands").glob("*.py") if path.name != "__init__.py"]
    sizes = {name_of(path): path.read_text().count("\n") for path in [*consumers, *commands]}
    limits = {name: CONSUMER_LINES if name.endswith("consumer.py") else COMMAND_LINES for name in sizes}
    assert {name: size for name, size in sizes.items() if size > limits[name]} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [name_of(path) for path in SOURCES if path.read_text().strip() and not ast.get_docstring(parse(path))]
    assert silent == []
