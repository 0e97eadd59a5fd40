"""Every answer says what time it is here."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from django.test import Client


def test_an_answer_tells_the_time(db: None) -> None:
    answer = Client().get("/api/v1/availability")
    assert answer.status_code == 401
    assert abs(parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()) < 5
