import django.db.models.deletion
from django.db import migrations, models

from handoff.realtime import busy_tables


class Migration(migrations.Migration):
    dependencies = [("handoff", "0006_attachments")]

    operations = [
        migrations.CreateModel(
            name="VerificationRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("acr_values", models.JSONField(default=list)),
                ("max_age", models.PositiveIntegerField(null=True)),
                ("action_key", models.CharField(blank=True, max_length=64)),
                ("action_label", models.CharField(blank=True, max_length=100)),
                ("asked_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        choices=[("asked", "Asked"), ("satisfied", "Satisfied"), ("declined", "Declined")], max_length=9
                    ),
                ),
                (
                    "lacks",
                    models.CharField(
                        blank=True, help_text="What the last sign-in lacked, as in the protocol.", max_length=13
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="handoff.agent"
                    ),
                ),
                (
                    "handoff",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="verification", to="handoff.handoff"
                    ),
                ),
            ],
        ),
        busy_tables.take("handoff", "agent"),
    ]
