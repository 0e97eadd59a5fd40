"""What the tutorials build: one model, one ModelSerializer, one CreateAPIView, and no middleware. For comparison only.

Served by `uvicorn tests.benchmarks.stock_insert.insert:application`; `python -m ...insert` makes its table.
"""

import os

import environ
from django.conf import settings

_database = environ.Env.db_url_config(os.environ["STOCK_DATABASE_URL"])
if "sqlite" in _database["ENGINE"]:
    _database["OPTIONS"] = {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"}
elif os.environ.get("STOCK_POOL"):
    # Django's default opens a connection for every request; a pool is the kinder opponent.
    _database["OPTIONS"] = {"pool": {"min_size": 2, "max_size": 20, "timeout": 10}}

settings.configure(
    DATABASES={"default": _database},
    INSTALLED_APPS=["rest_framework"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)

import django  # noqa: E402

django.setup()

from django.core.asgi import get_asgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import generics, serializers  # noqa: E402


class Request(models.Model):
    client_id = models.CharField(max_length=64)
    intent = models.CharField(max_length=64)
    channel = models.CharField(max_length=16)
    statement = models.TextField()
    journey = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "stock_insert"

    def __str__(self):
        return self.client_id


class RequestSerializer(serializers.ModelSerializer):
    class Meta:
        model = Request
        fields = ["id", "client_id", "intent", "channel", "statement", "journey", "at"]


class Requests(generics.CreateAPIView):
    queryset = Request.objects.all()
    serializer_class = RequestSerializer


urlpatterns = [path("requests", Requests.as_view())]
application = get_asgi_application()


if __name__ == "__main__":
    with connection.schema_editor() as editor:
        editor.create_model(Request)
