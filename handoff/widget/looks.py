"""A site's looks as our own origin serves them: its colours as a style sheet, its logo as an image."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from handoff.identity.brand import brand_problems, color_of
from handoff.identity.models import Site
from handoff.lib.colours import Palette, Shades, derive

YEAR_SECONDS: Final = 365 * 24 * 3600
LOGO_SECONDS: Final = 300
# An image is looked at and does nothing, also where somebody opens its address.
IMAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def colours_address(site: Site) -> str:
    """It changes with the colour, so that a browser may keep what it has."""
    color = color_of(site.brand)
    return f"/widget/brand.css?{urlencode({'site': site.key, 'v': _version(color)})}"


def logo_address(brand: dict[str, Any]) -> str:
    """Empty: there is none."""
    name = str(brand.get("logo", ""))
    return f"/widget/logo/{name}" if name and not brand_problems({"logo": name}) else ""


@require_safe
def colours(request: HttpRequest) -> HttpResponse:
    """`/widget/brand.css`: what is read on the site's colour, and beside it, in a light room and in a dark one."""
    key = request.GET.get("site", "")
    site = None if "\0" in key else Site.objects.filter(key=key).first()
    if site is None:
        raise Http404("No such site.")
    color = color_of(site.brand)
    response = HttpResponse(write_colours(derive(color)), content_type="text/css; charset=utf-8")
    is_current = request.GET.get("v") == _version(color)
    response["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable" if is_current else "no-cache"
    return response


@require_safe
def logo(_request: HttpRequest, name: str) -> FileResponse:
    """`/widget/logo/<name>`: a file of the brand folder, by its name alone."""
    path = Path(settings.BRAND_ROOT, name)
    if brand_problems({"logo": name}) or not path.is_file():
        raise Http404("No such logo.")
    response = FileResponse(path.open("rb"), content_type=mimetypes.guess_type(name)[0] or "application/octet-stream")
    response["Content-Security-Policy"] = IMAGE_POLICY
    response["Cache-Control"] = f"public, max-age={LOGO_SECONDS}"
    return response


def write_colours(palette: Palette) -> str:
    fill = f"--brand:{palette.fill};--on-brand:{palette.on_fill};--brand-hover:{palette.hover};"
    dark = f":root:not([data-theme=light]){{{_room(palette.dark)}}}"
    return f":root{{{fill}{_room(palette.light)}}}@media(prefers-color-scheme:dark){{{dark}}}"


def _room(shades: Shades) -> str:
    return f"--brand-ink:{shades.ink};--brand-edge:{shades.edge};--brand-soft:{shades.soft};"


def _version(color: str) -> str:
    """Of the colour and of the rules, which change with a release."""
    return hashlib.sha256(repr(derive(color)).encode()).hexdigest()[:12]
