"""Which build of the front end this release has, for the names of its parts."""

from __future__ import annotations

import json
from typing import Final

from django.contrib.staticfiles import finders

MARK: Final = "dist/build.json"


def part_path(name: str) -> str:
    """Of a part that `name` says, as the build named it; as it is where nothing is built."""
    path = finders.find(MARK)
    if not isinstance(path, str):
        return f"dist/{name}.js"
    with open(path, "rb") as file:
        return f"dist/{name}-{json.load(file)['build']}.js"
