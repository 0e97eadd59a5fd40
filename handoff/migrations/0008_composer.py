from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("handoff", "0007_step_up")]

    operations = []
