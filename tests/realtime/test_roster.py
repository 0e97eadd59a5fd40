"""Who is connected to this process, by person."""

from __future__ import annotations

from typing import Any

import pytest

from handoff.protocol.close_codes import CloseCode
from handoff.realtime.consumer import Principal
from handoff.realtime.roster import SOCKETS_A_PERSON, Roster


class Line:
    """As much of an outlet as the roster knows; it may be compared with those of its own person alone."""

    def __init__(self, owner: Principal) -> None:
        self.owner = owner
        self.closing: CloseCode | None = None

    def close(self, code: CloseCode, **_: Any) -> None:
        self.closing = code

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, Line)
        assert other.owner.key == self.owner.key, "a connect looked at somebody else's socket"
        return self is other

    __hash__ = object.__hash__


def person(key: str) -> Principal:
    return Principal(role="customer", key=key, grant=("session", key), identity=key)


@pytest.fixture
def house() -> Roster:
    return Roster()


def enter(house: Roster, who: Principal) -> Any:
    line: Any = Line(who)
    house.add(who, line)
    return line


def test_the_sixth_closes_the_oldest_of_that_person_and_nobody_elses(house) -> None:
    others = [enter(house, person(f"other-{number}")) for number in range(20)]
    own = [enter(house, person("maya")) for _ in range(SOCKETS_A_PERSON + 2)]
    assert [line.closing for line in own] == [CloseCode.SUPERSEDED] * 2 + [None] * SOCKETS_A_PERSON
    assert not any(line.closing for line in others)


def test_other_sockets_of_a_person_are_counted_while_they_are_not_closing(house) -> None:
    first, second = enter(house, person("maya")), enter(house, person("maya"))
    enter(house, person("other"))
    assert house.count("maya", besides=first) == 1
    second.close(CloseCode.GOING_AWAY)
    assert house.count("maya", besides=first) == 0
    assert house.count("nobody", besides=first) == 0


def test_who_has_left_with_the_last_socket_is_told_once_and_leaves_nothing(house) -> None:
    first, second = enter(house, person("maya")), enter(house, person("maya"))
    assert house.remove(first)
    assert house.take_departed("customer") == []
    assert house.remove(second)
    assert not house.remove(second)
    assert house.take_departed("customer") == ["maya"]
    assert house.take_departed("customer") == []
    assert vars(house) == vars(Roster())
