"""What the generated schema cannot see by itself: the one error shape, and the bearer session of customers."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings

from handoff.api.errors import STATUS

_STATUSES: Final = sorted({*STATUS.values(), 405})
_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "request_id"],
            "properties": {
                "code": {"type": "string", "description": "Stable; the same in the sockets."},
                "message": {"type": "string"},
                "request_id": {"type": "string"},
                "fields": {"type": "object", "additionalProperties": {"type": "string"}},
                "acr_values": {"type": "array", "items": {"type": "string"}},
                "max_age": {"type": "integer", "nullable": True},
            },
        }
    },
}


def describe_edges(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A drf-spectacular hook: every operation may be refused, and most need a session."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Error"] = _ERROR
    components["securitySchemes"] = {
        "session": {"type": "http", "scheme": "bearer", "description": "The token of `POST sessions`."},
        "desk": {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
    }
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            operation["security"] = _security(path, method)
            for status in _STATUSES:
                operation["responses"].setdefault(str(status), _refusal(status))
    return result


def _security(path: str, method: str) -> list[dict[str, list[str]]]:
    if "/desk/" in path:
        return [{"desk": []}]
    opens = path.endswith("/sessions") and method == "post"
    return [{"session": []}, {}] if opens else [{"session": []}]


def _refusal(status: int) -> dict[str, Any]:
    codes = ", ".join(f"`{code}`" for code, of in STATUS.items() if of == status) or "`invalid_request`"
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": codes, "content": {"application/json": {"schema": schema}}}
