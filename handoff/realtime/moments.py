"""How times come out of PostgreSQL: read by the interpreter itself, at a tenth of what Django's own loader takes.

A look at five hundred agents reads a thousand of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import get_adapters_template
from psycopg.adapt import Loader


class MomentLoader(Loader):
    """`2026-11-27 10:13:25.726362+00`, as every connection of Django's spells it: in UTC."""

    # Django looks here whether the connection's own zone needs another loader.
    timezone = UTC

    def load(self, data: Any) -> datetime:
        return datetime.fromisoformat(str(data, "ascii"))


# Django's template for all its connections with aware times in UTC, which is made once.
get_adapters_template(True, UTC).register_loader("timestamptz", MomentLoader)
