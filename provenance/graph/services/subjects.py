"""Whom a paper, a note or a prompt may be about: talents, under whose keys it is sealed."""

from collections.abc import Iterable
from uuid import UUID

from accounts.subject_keys import is_destroyed
from licensing.models import LicenceToken, Production
from provenance.graph.models import AssetVersion, GenerationOutput


def talents_of_licences(jtis: Iterable[UUID]) -> list[UUID]:
    """The talents of these licences, in order."""
    rows = LicenceToken.objects.filter(jti__in=list(jtis)).order_by("talent_id")
    return list(rows.values_list("talent_id", flat=True).distinct())


def talents_of_version(version_id: UUID, production: Production) -> list[UUID]:
    """The talents whom a text about a version may name.

    They are those of the licences that it was made under, itself or the run that made it. Where none is named, a text
    may be about anybody licensed in the production (a call sheet is), but for those who were erased.
    """
    version = AssetVersion.objects.filter(pk=version_id).values_list("token_jtis", flat=True)
    runs = GenerationOutput.objects.filter(version=version_id)
    cited = {
        jti for jtis in [*version, *runs.values_list("generation__token_jtis", flat=True)] for jti in jtis
    }
    if cited:
        return talents_of_licences(cited)
    everybody = LicenceToken.objects.filter(production=production).order_by("talent_id")
    return [one for one in everybody.values_list("talent_id", flat=True).distinct() if not is_destroyed(one)]
