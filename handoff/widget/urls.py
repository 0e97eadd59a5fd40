"""What a site's page loads."""

from django.urls import path

from handoff.widget import views

urlpatterns = [
    path("widget.js", views.loader),
    path("widget/frame", views.frame),
]
