"""Works as a caller may see them, and the text of their versions for whoever was let in."""

from uuid import UUID

import msgspec
from django.db.models import Count, Q, QuerySet

from accounts.models import Membership, Organisation
from accounts.principals import Principal
from screenplays.models import Scene, Version, Work
from screenplays.reading import Script
from screenplays.sealing import get_part, key_of, open_part

Role = Membership.Role
KEEPERS = (
    Organisation.Kind.STUDIO,
    Organisation.Kind.AGENCY,
    Organisation.Kind.TALENT,
)
_WRITERS = (Role.PRODUCER, Role.ADMIN, Role.AGENT, Role.TALENT)


def works_visible_to(principal: Principal) -> QuerySet[Work]:
    """Works of the caller's organisation, and those that the caller in person wrote."""
    mine = Q(organisation=principal.organisation)
    if principal.credential is None:
        mine |= Q(writer=principal.person)
    return Work.objects.filter(mine).select_related("organisation", "production", "writer")


def work_for(principal: Principal, work_id: UUID) -> Work | None:
    """The work, if the caller may know of it."""
    return works_visible_to(principal).filter(pk=work_id).first()


def knows(principal: Principal, work: Work) -> bool:
    """Whether the caller may know all about a work, but for its text: its house, and its writer in person."""
    is_writer = principal.credential is None and work.writer_id == principal.person.pk
    return is_writer or work.organisation_id == principal.organisation_id


def may_keep(principal: Principal) -> bool:
    """Whether the caller may register works of its organisation."""
    return principal.organisation.kind in KEEPERS and principal.acts_as(*_WRITERS)


def may_write(principal: Principal, work: Work) -> bool:
    """Whether the caller may add versions to a work and say who may use it."""
    return principal.organisation_id == work.organisation_id and may_keep(principal)


def versions_of(work: Work) -> QuerySet[Version]:
    """The versions of a work, newest first, without their sketches."""
    return work.versions.defer("sketch").select_related("submitted_by").order_by("-number")


def versions_with_scenes(work: Work) -> QuerySet[Version]:
    """The versions of a work, newest first, with how many scenes each has."""
    return versions_of(work).annotate(scenes_number=Count("scenes"))


def script_of(version: Version) -> Script:
    """The script of a version as it was read.

    Raises:
        Conflict: ``SCRIPT_DESTROYED``.
        Unavailable: ``SCRIPT_KEY_UNREADABLE``, ``SCRIPT_CHANGED``.
    """
    data = get_part(key_of(version.work), version.text_blob, part=part_of(version, "text"))
    return msgspec.json.decode(data, type=Script)


def file_of(version: Version) -> bytes:
    """The file of a version as it was handed in. Raises as :func:`script_of`."""
    return get_part(key_of(version.work), version.file_blob, part=part_of(version, "file"))


def headings_of(version: Version) -> list[tuple[Scene, str]]:
    """The scenes of a version with their headings, in order. Raises as :func:`script_of`."""
    key = key_of(version.work)
    return [
        (
            scene,
            open_part(key, scene.sealed_heading, part=part_of(version, f"scene {scene.ordinal}")).decode(),
        )
        for scene in version.scenes.order_by("ordinal")
    ]


def part_of(version: Version, name: str) -> str:
    """What a sealed part of a version is bound to."""
    return f"screenplay/{version.work_id}/{version.pk}/{name}"
