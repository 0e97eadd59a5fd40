"""The parent of every error that the product anticipates."""

from __future__ import annotations

from collections.abc import Mapping


class DomainError(Exception):
    """An anticipated refusal: `code` is stable and public, `message` is for a person, `fields` name what is wrong."""

    def __init__(self, code: str, message: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = dict(fields) if fields else None


class NotFound(DomainError):
    """A foreign id and an absent id are told the same."""

    def __init__(self) -> None:
        super().__init__("not_found", "There is nothing here under that id.")


class RateLimited(DomainError):
    """Too many of one thing; `retry_after_seconds` says when to come back."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("rate_limited", f"Too many at once; try again in {retry_after_seconds} s.")
        self.retry_after_seconds = retry_after_seconds
