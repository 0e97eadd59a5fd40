"""The two things a site loads from us: the loader, and the page inside its frame."""

from __future__ import annotations

import json
from typing import Final

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from handoff.identity.models import Site

LOADER: Final = "dist/widget.js"
LOADER_SECONDS: Final = 300
DEFAULT_BRAND: Final = "#0b5563"


@gzip_page
@require_GET
def loader(request: HttpRequest) -> HttpResponse:
    """`/widget.js`: small, cached briefly, usable from every site."""
    path = finders.find(LOADER)
    if not isinstance(path, str):
        raise Http404("The loader is not built.")
    with open(path, "rb") as file:
        response = HttpResponse(file.read(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={LOADER_SECONDS}"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_GET
def frame(request: HttpRequest) -> HttpResponse:
    """The panel's page; only the site's own origins may hold it."""
    key = request.GET.get("site", "")
    # PostgreSQL cannot even look for NUL.
    site = None if "\0" in key else Site.objects.filter(key=key).first()
    if site is None:
        raise Http404("No such site.")
    context = {
        "site_key": site.key,
        "site_name": site.name,
        "brand_color": site.brand.get("color", DEFAULT_BRAND),
        "origins_json": json.dumps(site.origins),
    }
    response = render(request, "widget/panel.html", context)
    response["Content-Security-Policy"] = _policy(site)
    response["Permissions-Policy"] = "camera=(), geolocation=()"
    response["Cache-Control"] = "no-cache"
    response.xframe_options_exempt = True
    return response


def _policy(site: Site) -> str:
    socket_origin = settings.PUBLIC_ORIGIN.replace("http", "ws", 1)
    holders = " ".join(site.origins) or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' {socket_origin}; frame-ancestors {holders}; base-uri 'none'; form-action 'none'; "
        "object-src 'none'; require-trusted-types-for 'script'"
    )
