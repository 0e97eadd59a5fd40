"""Where phone providers report."""

from django.urls import path

from handoff.api import voice

urlpatterns = [
    path("match", voice.match),
    path("<str:provider>/<str:step>", voice.receive),
]
