"""The table of the shared cache: sign-in attempts are counted across all web processes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("common", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "create unlogged table shared_cache ("
            "cache_key varchar(255) primary key, value text not null, expires timestamptz not null);"
            "create index shared_cache_expires on shared_cache (expires);",
            "drop table shared_cache;",
        )
    ]
