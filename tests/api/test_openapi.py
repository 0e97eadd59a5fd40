"""The published schema tells the truth: every route is in it, and every answer fits it, whatever is asked."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from handoff.api import urls

pytestmark = pytest.mark.django_db(transaction=True)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def published() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


@cache
def operations() -> dict[str, Any]:
    schema = schemathesis.openapi.from_dict(published())
    schema.app = get_wsgi_application()
    found = [result.ok() for result in schema.get_all_operations()]
    return {operation.label: operation for operation in found}


def test_the_schema_is_valid_and_names_every_route(tmp_path) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))
    named = {re.sub(r"{(\w+)}", r"<str:\1>", path.removeprefix("/api/v1/")) for path in published()["paths"]}
    assert named == {str(pattern.pattern) for pattern in urls.urlpatterns} - {".*"}


def test_every_operation_tells_how_it_is_refused() -> None:
    for of_path in published()["paths"].values():
        for operation in of_path.values():
            assert {"400", "401", "404", "409", "413", "429", "503"} <= operation["responses"].keys()


# What is sent is the same on both: the second engine need not see all of it.
EXAMPLES = {"postgresql": 25, "sqlite": 10}
WITH_BODIES = sorted(label for label, operation in operations().items() if operation.body)
REQUESTS = [(label, GenerationMode.POSITIVE) for label in sorted(operations())]
REQUESTS += [(label, GenerationMode.NEGATIVE) for label in WITH_BODIES]


@pytest.mark.parametrize(("label", "mode"), REQUESTS)
def test_no_request_breaks_an_operation_or_its_schema(label: str, mode: GenerationMode, maya) -> None:
    """As a signed-in customer, from the site's own page: with what fits the schema and with what does not."""
    handoff_id = maya.ask().body["id"]
    headers = {"Origin": maya.origin, "Authorization": f"Bearer {maya.session}"}

    @given(case=operations()[label].as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES[connection.vendor],
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        if "handoff_id" in (case.path_parameters or {}):
            case.path_parameters["handoff_id"] = handoff_id
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)

    ask()
