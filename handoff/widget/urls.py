"""What a site's page loads."""

from django.urls import path

from handoff.widget import callback_page, views

urlpatterns = [
    path("widget.js", views.loader),
    path("widget/frame", views.frame),
    path("callback/<str:token>", callback_page.callback),
]
