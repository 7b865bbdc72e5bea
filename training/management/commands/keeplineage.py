"""``manage.py keeplineage``: write the snapshots of the lineage index that are due, or all of them anew."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from training.lineage.index import AT_ONCE, keep_snapshot, keep_snapshots
from training.models import LineageHead


class Command(BaseCommand):
    """Write snapshots; with ``--anew`` from the database, whatever is there."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anew", action="store_true", help="from the database, whatever is there")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["anew"]:
            heads = LineageHead.objects.filter(edges__gt=AT_ONCE)
            written = sum(keep_snapshot(head.pk, anew=True) is not None for head in heads)
        else:
            written = keep_snapshots()
        self.stdout.write(f"{written} snapshots written")
