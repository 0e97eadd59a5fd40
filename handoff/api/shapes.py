"""Answers as OpenAPI knows them: generated from the protocol's own shapes, so that the two cannot part."""

from __future__ import annotations

import types
import typing
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from rest_framework import serializers

from handoff.protocol import shapes

_PLAIN: dict[Any, type[serializers.Field[Any, Any, Any, Any]]] = {
    str: serializers.CharField,
    int: serializers.IntegerField,
    float: serializers.FloatField,
    bool: serializers.BooleanField,
}
_made: dict[type[shapes.Shape], type[serializers.Serializer[Any]]] = {}


def serializer_of(shape: type[shapes.Shape]) -> type[serializers.Serializer[Any]]:
    """A read-only serializer with the fields of a wire shape."""
    if shape not in _made:
        hints = typing.get_type_hints(shape)
        fields = {
            field.encode_name: _field(hints[field.name], required=field.required)
            for field in msgspec.structs.fields(shape)
        }
        _made[shape] = type(shape.__name__, (serializers.Serializer,), fields | {"__doc__": shape.__doc__})
    return _made[shape]


def _field(hint: Any, *, required: bool) -> serializers.Field[Any, Any, Any, Any]:
    options = _options(hint)
    nullable = type(None) in options
    kinds = [option for option in options if option not in (type(None), msgspec.UnsetType)]
    common: dict[str, Any] = {"required": required, "allow_null": nullable}
    if len(kinds) != 1:
        return serializers.JSONField(**common)
    return _field_of(kinds[0], common)


def _field_of(kind: Any, common: dict[str, Any]) -> serializers.Field[Any, Any, Any, Any]:
    if get_origin(kind) is Literal:
        return serializers.ChoiceField(choices=list(get_args(kind)), **common)
    if get_origin(kind) is list:
        return serializers.ListField(child=_field(get_args(kind)[0], required=True), **common)
    if get_origin(kind) is dict:
        return serializers.DictField(**common)
    if isinstance(kind, type) and issubclass(kind, shapes.Shape):
        return serializer_of(kind)(**common)
    return _PLAIN[kind](**common)


def _options(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(option for part in get_args(hint) for option in _options(part))
    return (hint,)


HandoffOut = serializer_of(shapes.CustomerHandoff)
ReceiptOut = serializer_of(shapes.Receipt)
DestinationsOut = serializer_of(shapes.Destinations)
SlotsOut = serializer_of(shapes.Slots)
DueCallbacksOut = serializer_of(shapes.DueCallbacks)


class SessionOut(serializers.Serializer[Any]):
    token = serializers.CharField()
    expires_at = serializers.CharField()
    customer = serializer_of(shapes.CustomerCard)()
    facts = serializer_of(shapes.Fact)(many=True, help_text="What the site signed, as an agent will see it.")
    intents = serializer_of(shapes.IntentView)(many=True)
    calling = serializer_of(shapes.CallingView)(allow_null=True, help_text="Null where no number of the site can call.")
    handoff = serializer_of(shapes.CustomerHandoff)(allow_null=True)
    scheduled = serializer_of(shapes.CustomerHandoff)(many=True)
    recent = serializer_of(shapes.RecentHandoff)(allow_null=True)


class AvailabilityOut(serializers.Serializer[Any]):
    intents = serializer_of(shapes.IntentView)(many=True)


class TicketOut(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    url = serializers.CharField()
    expires_in = serializers.IntegerField()


class EventsOut(serializers.Serializer[Any]):
    epoch = serializers.CharField()
    head = serializers.IntegerField()
    events = serializer_of(shapes.TimelineEntry)(many=True)


class SentOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    seq = serializers.IntegerField()
    at = serializers.CharField()
