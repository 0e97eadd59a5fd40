"""Apply a configuration file: all of it, or nothing and the reasons."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import InvalidToken
from django.db import transaction

from handoff.flows.configuration.changes import Changes
from handoff.flows.configuration.form import TOP, Problem
from handoff.flows.configuration.wanted import find_conflicts, read_wanted
from handoff.flows.configuration.writing import write
from handoff.lib.errors import DomainError
from handoff.realtime.clock import database_now


class ConfigurationRefused(DomainError):
    """Everything that is wrong with a file, each with its place."""

    def __init__(self, file_name: str, problems: Sequence[Problem]) -> None:
        self.lines = [f"{file_name}: {problem}" for problem in problems]
        super().__init__("configuration_refused", "\n".join(self.lines))


@transaction.atomic
def apply(content: bytes, *, file_name: str) -> Changes:
    """Create or update what the file names. Raises ConfigurationRefused with every problem, and changes nothing then.

    A second run changes nothing. What the file does not name stays: taking a table or a key out of it removes nothing,
    save inside a list (an agent's queues and skills, a site's origins, the weekdays of hours), which is one value.
    """
    problems: list[Problem] = []
    wanted = read_wanted(content, problems)
    try:
        problems += find_conflicts(wanted)
    except InvalidToken:
        problems.append(Problem(TOP, "sites", "the stored keys cannot be read: SECRET_KEY is another than before"))
    if problems:
        raise ConfigurationRefused(file_name, problems)
    return write(wanted, now=database_now())
