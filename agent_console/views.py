"""The console's page."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET

from agent_console.permissions import agent_of
from handoff.lib.errors import DomainError


@require_GET
@login_required
@ensure_csrf_cookie
def console(request: HttpRequest) -> HttpResponse:
    """For agents; an account that is none is told so."""
    try:
        agent = agent_of(request.user)
    except DomainError:
        return render(request, "agent_console/no_agent.html", status=403)
    context = {
        "agent_name": agent.name,
        "agent_id": agent.public_id,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "is_staff": request.user.is_staff,
    }
    response = render(request, "agent_console/console.html", context)
    socket_origin = settings.PUBLIC_ORIGIN.replace("http", "ws", 1)
    response["Content-Security-Policy"] = (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self'; connect-src 'self' {socket_origin}; require-trusted-types-for 'script'"
    )
    response["Cache-Control"] = "no-store"
    return response
