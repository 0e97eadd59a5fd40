"""What simulated people are called: plainly, so that nobody takes them for somebody."""

from __future__ import annotations

from typing import Final

_FIRST: Final = (
    *("Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farah", "Goran", "Hana", "Ines", "Jonas", "Keiko", "Lars"),
    *("Mirela", "Nadia", "Oluwa", "Petra", "Quentin", "Rosa", "Sanjay", "Tove", "Umar", "Vera", "Wen", "Yara", "Zoe"),
)
_LAST: Final = (
    *("Abara", "Berg", "Castillo", "Dahl", "Eriksen", "Fofana", "Greene", "Hadid", "Ito", "Jansen", "Kaya"),
    *("Lindqvist", "Moreau", "Nowak", "Ortega", "Petrov", "Quispe", "Rossi", "Sato", "Tran", "Ueda", "Vogel"),
)


def customer_name(number: int) -> str:
    return f"{_FIRST[number % len(_FIRST)]} {_LAST[number * 7 % len(_LAST)]}"


def agent_name(number: int) -> str:
    return f"{_FIRST[(number * 11 + 3) % len(_FIRST)]} (simulated {number})"
