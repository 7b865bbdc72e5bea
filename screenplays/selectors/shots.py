"""Scenes with the shots that are made of them."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from screenplays.models import Scene, SceneShot, Version


def scenes_with_shots(version: Version) -> QuerySet[Scene]:
    """The scenes of a version in order, each with ``live_shots``; their headings stay sealed."""
    live = SceneShot.objects.filter(ended_at=None).order_by("shot")
    return (
        Scene.objects.filter(version=version)
        .defer("sealed_heading")
        .prefetch_related(Prefetch("shots", live, to_attr="live_shots"))
        .order_by("ordinal")
    )


def versions_by_hash(organisation_id: UUID, hashes: Iterable[str]) -> dict[str, Version]:
    """Versions of an organisation's works by the SHA-256 of their files; the one that came first, of several."""
    rows = Version.objects.filter(work__organisation=organisation_id, sha256__in=list(hashes))
    rows = rows.select_related("work", "proof").defer("sketch").order_by("-created_at")
    return {row.sha256: row for row in rows}


def scenes_of_shots(version_ids: Iterable[UUID], shots: Iterable[str]) -> dict[tuple[UUID, str], list[Scene]]:
    """Scenes by version and shot, for shots that are made of them now."""
    found: dict[tuple[UUID, str], list[Scene]] = {}
    rows = SceneShot.objects.filter(scene__version__in=list(version_ids), shot__in=list(shots), ended_at=None)
    for row in rows.select_related("scene").order_by("scene__ordinal"):
        found.setdefault((row.scene.version_id, row.shot), []).append(row.scene)
    return found
