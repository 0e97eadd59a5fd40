"""What a site may list as one of its origins."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

LOCAL_HOSTS: Final = ("127.0.0.1", "localhost")

_ORIGIN: Final = re.compile(r"(https?)://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def origin_problem(origin: str) -> str | None:
    """Why no browser sends this as its `Origin`, or why it would not be safe; None when it is good.

    An origin is compared letter by letter, so one that a browser spells otherwise would silently never match.
    """
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        return "must be like https://www.example.com: scheme, host in lower case (IDNs as xn--), port, nothing after it"
    try:
        port = urlsplit(origin).port
    except ValueError:
        return "has no such port"
    scheme, host = found.group(1), found.group(2)
    if port == _DEFAULT_PORTS[scheme]:
        return f"must leave :{port} out, as browsers do"
    if scheme == "http" and host not in LOCAL_HOSTS:
        return "must be https; http is for 127.0.0.1 and localhost alone"
    return None
