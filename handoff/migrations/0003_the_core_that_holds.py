"""Places with a head start, the same agent again, and who was last seen when."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F


def rank_those_in_line(apps, schema_editor):
    """Head starts count from the next move on; until then everybody stands where they stood."""
    apps.get_model("handoff", "Handoff").objects.filter(enqueued_at__isnull=False).update(ranked_at=F("enqueued_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("handoff", "0002_epoch"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="handoff",
            name="the_line",
        ),
        migrations.AddField(
            model_name="agent",
            name="idle_since",
            field=models.DateTimeField(
                blank=True, help_text="When they last came to work, took something or were done with it.", null=True
            ),
        ),
        migrations.AddField(
            model_name="agent",
            name="heard_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="agent",
            name="seen_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="customer",
            name="present_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="handoff",
            name="preferred_agent",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="handoff.agent"
            ),
        ),
        migrations.AddField(
            model_name="handoff",
            name="preferred_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="handoff",
            name="excluded_agent",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="handoff.agent"
            ),
        ),
        migrations.AddField(
            model_name="handoff",
            name="excluded_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="handoff",
            name="ranked_at",
            field=models.DateTimeField(
                help_text="Its place in the line: when it was enqueued, less its intent's head start.", null=True
            ),
        ),
        migrations.RunPython(rank_those_in_line, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "offered"])), fields=["queue", "ranked_at"], name="the_line"
            ),
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(
                condition=models.Q(("connected_at__isnull", False)),
                fields=["queue", "-closed_at"],
                name="service_times",
            ),
        ),
    ]
