"""The product's one Django app."""

from django.apps import AppConfig


class HandoffConfig(AppConfig):
    name = "handoff"
    verbose_name = "Handoff"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from handoff.calls import followers  # noqa: F401
        from handoff.config import checks, cors, live_checks, telephony  # noqa: F401
        from handoff.realtime import moments, poolers  # noqa: F401
        from handoff.routing import actions  # noqa: F401
        from handoff.staffing import signals  # noqa: F401

        telephony.add_providers()
