"""Every socket of the product."""

from channels.routing import URLRouter
from django.urls import path

from agent_console.consumer import AgentConsumer
from handoff.api import asterisk_socket
from handoff.widget.consumer import CustomerConsumer

router = URLRouter(
    [
        path("ws/customer", CustomerConsumer.as_asgi()),
        path("ws/agent", AgentConsumer.as_asgi()),
        path("ws/asterisk", asterisk_socket.application),  # type: ignore[arg-type]
    ]
)
