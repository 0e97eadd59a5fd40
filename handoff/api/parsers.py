"""Bodies: strict JSON of a bounded size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, Final

import msgspec
from rest_framework.parsers import BaseParser

from handoff.lib.errors import DomainError

BODY_LIMIT: Final = 64 * 1024


class StrictJSONParser(BaseParser):
    """RFC 8259 JSON: no NaN, no lone surrogates, no invalid UTF-8; an empty body counts as an empty object."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Raises `invalid_request`, or the view's own code for a body over the limit."""
        body = stream.read(BODY_LIMIT + 1)
        if len(body) > BODY_LIMIT:
            view = (parser_context or {}).get("view")
            raise DomainError(getattr(view, "too_large_code", "too_long"), f"At most {BODY_LIMIT} bytes.")
        if not body:
            return {}
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise DomainError("invalid_request", "The body is not well-formed JSON in UTF-8.") from None
