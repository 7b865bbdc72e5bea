"""A house's takedowns, and what each of them reaches."""

from collections.abc import Iterator

from django.db.models import QuerySet
from django.db.models.functions import Collate

from accounts.principals import Principal
from training.models import LineageNode, Takedown, TakedownReach


def takedowns_of(principal: Principal) -> QuerySet[Takedown]:
    """The house's cases and drills, newest first."""
    return Takedown.objects.filter(organisation=principal.organisation).order_by("-created_at")


def line_of(node: LineageNode) -> bytes:
    """How a node stands under a Merkle root: its kind and the id of its own row."""
    return f"{node.kind}:{node.ref}".encode()


def reach_of(case: Takedown) -> Iterator[bytes]:
    """The lines that ``reached_root`` is over, sorted, each with its end."""
    nodes = LineageNode.objects.filter(pk__in=TakedownReach.objects.filter(takedown=case).values("node_id"))
    rows = nodes.order_by(Collate("kind", "C"), "ref").values_list("kind", "ref")
    for kind, ref in rows.iterator(chunk_size=5000):
        yield f"{kind}:{ref}\n".encode()
