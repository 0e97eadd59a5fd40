"""The agents' console: a client of the product, mounted by its configuration alone."""

from django.apps import AppConfig


class AgentConsoleConfig(AppConfig):
    name = "agent_console"
    verbose_name = "Agent console"
