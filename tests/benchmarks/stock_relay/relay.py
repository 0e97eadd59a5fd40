"""What the tutorials build: a JSON consumer, the in-memory layer, one ORM row a message. For comparison only.

Served by `uvicorn tests.benchmarks.stock_relay.relay:application`; `python -m ...relay` makes its table.
"""

import os

import environ
from django.conf import settings

_database = environ.Env.db_url_config(os.environ["STOCK_DATABASE_URL"])
# Django's default of 0 opens a connection for every message; a number is the kinder opponent.
_database["CONN_MAX_AGE"] = int(os.environ.get("STOCK_CONN_MAX_AGE", "0"))
if "sqlite" in _database["ENGINE"]:
    _database["OPTIONS"] = {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"}

settings.configure(
    DATABASES={"default": _database},
    INSTALLED_APPS=["channels"],
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    USE_TZ=True,
)

import django  # noqa: E402

django.setup()

from channels.db import database_sync_to_async  # noqa: E402
from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.urls import path  # noqa: E402


class Message(models.Model):
    room = models.CharField(max_length=80, db_index=True)
    client_id = models.CharField(max_length=64)
    text = models.TextField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "stock_relay"

    def __str__(self):
        return self.client_id


class Relay(AsyncJsonWebsocketConsumer):
    async def connect(self):
        self.room = self.scope["url_route"]["kwargs"]["room"]
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.room, self.channel_name)

    async def receive_json(self, content):
        save = database_sync_to_async(Message.objects.create)
        message = await save(room=self.room, client_id=content["client_id"], text=content["text"])
        body = {"id": message.pk, "client_id": message.client_id, "text": message.text}
        await self.channel_layer.group_send(self.room, {"type": "chat.message", "message": body})
        await self.send_json({"ack": content["client_id"], "id": message.pk})

    async def chat_message(self, event):
        await self.send_json({"message": event["message"]})


application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/<str:room>/", Relay.as_asgi())])})


if __name__ == "__main__":
    with connection.schema_editor() as editor:
        editor.create_model(Message)
