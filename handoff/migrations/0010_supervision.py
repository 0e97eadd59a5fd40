from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("handoff", "0009_knowledge")]

    operations = []
