"""The console's map."""

from django.urls import path

from agent_console import views

urlpatterns = [path("", views.console, name="console")]
