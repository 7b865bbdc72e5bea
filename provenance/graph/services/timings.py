"""Keep how long questions took: one row for each asking, written once."""

from collections.abc import Mapping

from accounts.principals import Principal
from provenance.graph.models import AskedThrough, AssetVersion, QuestionTime


def keep_times(
    *,
    principal: Principal,
    version: AssetVersion,
    seconds: Mapping[str, float],
    through: AskedThrough,
    is_complete: bool,
) -> None:
    """Store the measured seconds of each question that was just answered of ``version``."""
    QuestionTime.objects.bulk_create(
        QuestionTime(
            question=question,
            version=version,
            production_id=version.production_id,
            organisation=principal.organisation,
            person=principal.person,
            through=through,
            seconds=value,
            is_complete=is_complete,
        )
        for question, value in seconds.items()
    )
