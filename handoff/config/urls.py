"""Every address of the product, on one screen."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView

from handoff.config import health, refusals

admin.autodiscover()
# One sign-in door, with its throttles and second factors, for the admin too.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "Handoff"

urlpatterns = [
    path("", RedirectView.as_view(url="/console/")),
    # Browsers ask for it beside pages that name no icon of their own, such as the admin's.
    path("favicon.ico", RedirectView.as_view(url=static("dist/icon.svg"))),
    path("", include("handoff.widget.urls")),
    path("api/v1/", include("handoff.api.urls")),
    path("voice/", include("handoff.api.voice_urls")),
    path("api/schema/", SpectacularAPIView.as_view()),
    path("console/", include("agent_console.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    # What asks for a socket here, and is one, never comes this way.
    *(path(f"ws/{role}", refusals.websocket_required) for role in ("customer", "agent", "asterisk")),
    path("metrics", health.metrics),
]

handler400 = "handoff.config.refusals.bad_request"
handler403 = "handoff.config.refusals.forbidden"
handler404 = "handoff.config.refusals.not_found"
handler500 = "handoff.config.refusals.failed"
