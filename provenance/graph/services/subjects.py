"""Whom a paper, a note or a prompt may be about: talents, under whose keys it is sealed."""

from collections.abc import Iterable
from uuid import UUID

from accounts.models import SubjectKey
from licensing.models import LicenceToken, Production
from provenance.graph.models import AssetVersion, GenerationOutput


def talents_of_licences(jtis: Iterable[UUID]) -> list[UUID]:
    """The talents of these licences, in order."""
    rows = LicenceToken.objects.filter(jti__in=list(jtis)).order_by("talent_id")
    return list(rows.values_list("talent_id", flat=True).distinct())


def talents_licensed_in(production: Production) -> list[UUID]:
    """Everybody who was ever licensed in a production, in order, but for those who were erased."""
    erased = SubjectKey.objects.filter(sealed_key=None).values("subject_id")
    rows = LicenceToken.objects.filter(production=production).exclude(talent_id__in=erased)
    return list(rows.order_by("talent_id").values_list("talent_id", flat=True).distinct())


def talents_of_version(version_id: UUID, production: Production) -> list[UUID]:
    """The talents whom a text about a version may name.

    They are those of the licences that it was made under, itself or the run that made it. Where none is named, a text
    may be about anybody licensed in the production (a call sheet is), but for those who were erased. Whoever is licensed
    or cited only later is not among them: the erasure closes the text then (:mod:`provenance.graph.services.closing`).
    """
    version = AssetVersion.objects.filter(pk=version_id).values_list("token_jtis", flat=True)
    runs = GenerationOutput.objects.filter(version=version_id)
    cited = {
        jti for jtis in [*version, *runs.values_list("generation__token_jtis", flat=True)] for jti in jtis
    }
    return talents_of_licences(cited) if cited else talents_licensed_in(production)
