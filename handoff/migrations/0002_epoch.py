"""The log's identity is made with the database."""

import secrets

from django.db import migrations


def begin_epoch(apps, schema_editor):
    apps.get_model("handoff", "Epoch").objects.create(value=secrets.token_hex(8))


class Migration(migrations.Migration):
    dependencies = [("handoff", "0001_initial")]

    operations = [migrations.RunPython(begin_epoch, migrations.RunPython.noop)]
