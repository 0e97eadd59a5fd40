"""Strict fields: no coercion, no trimming, no unknown names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from handoff.journeys.redaction import is_plain_id

MAX_CLIENT_ID = 64


class Text(serializers.CharField):
    """A JSON string, as it came."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class ClientId(serializers.RegexField):
    """The client's own id of what it sends: what makes a repeat harmless."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"\A[A-Za-z0-9_-]{1,64}\Z", trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not is_plain_id(data[:MAX_CLIENT_ID]):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Flag(serializers.BooleanField):
    """true or false, and nothing that only looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class Integer(serializers.IntegerField):
    """A JSON integer."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


class Strict(serializers.Serializer[Any]):
    """An object with these fields and no others; an unknown one is `unknown_field`."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError({"non_field_errors": ["not an object"]}, code="invalid")
        unknown = [str(name)[:64] for name in data if name not in self.fields]
        if unknown:
            raise serializers.ValidationError(
                {name: [ErrorDetail("unknown", code="unknown_field")] for name in unknown}
            )
        return super().to_internal_value(data)
