"""Which pages may read the customer API's answers: ours and those that a site lists, letter by letter."""

from __future__ import annotations

import re
from typing import Any

from corsheaders.signals import check_request_enabled
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest

from handoff.identity.queries import is_known_origin


@receiver(check_request_enabled, dispatch_uid="handoff.config.cors")
def is_allowed(sender: Any, request: HttpRequest, **kwargs: Any) -> bool:
    """True for a known origin on the customers' own paths; any other path is asked about too, and never allowed."""
    if not re.match(settings.CORS_URLS_REGEX, request.path_info):
        return False
    origin = request.headers.get("Origin")
    # The view may have looked at this very origin already.
    is_seen = origin is not None and getattr(request, "known_origin", None) == origin
    return is_seen or is_known_origin(origin)
