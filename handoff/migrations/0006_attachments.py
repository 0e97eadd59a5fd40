from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("handoff", "0005_callback_and_phone")]

    operations = []
