"""What one test's parts were like is not told in the next one's."""

import pytest

from handoff.config import asgi, hints
from handoff.config.figures import figures
from handoff.config.readiness import readiness


@pytest.fixture(autouse=True)
def ask_anew() -> None:
    readiness.database.forget()
    readiness.delivery.forget()
    figures.look.forget()
    hints._Told.is_proven = False


class _Idle:
    """Nothing beside answering: what a process does all the time is other tests' matter."""

    def ensure_started(self) -> None:
        pass


@pytest.fixture(autouse=True)
def no_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "background", _Idle())
