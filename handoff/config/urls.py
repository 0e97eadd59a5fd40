"""Every address of the product, on one screen."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView

from handoff.config import health

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
    path("api/schema/", SpectacularAPIView.as_view()),
    path("console/", include("agent_console.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
]


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The same shape as everywhere."""
    error = {
        "code": "not_found",
        "message": "There is nothing here.",
        "request_id": getattr(request, "request_id", ""),
    }
    return JsonResponse({"error": error}, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """What nobody anticipated, without a stack."""
    error = {
        "code": "not_saved",
        "message": "It did not work; nothing was done. Try again.",
        "request_id": getattr(request, "request_id", ""),
    }
    return JsonResponse({"error": error}, status=503)


handler404 = not_found
handler500 = failed
