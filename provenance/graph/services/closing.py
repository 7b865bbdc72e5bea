"""Close what was written of a production before somebody was licensed in it, when that person is erased."""

from uuid import UUID

from licensing.models import LicenceToken, Production
from provenance.graph.resealing import close_missed
from provenance.graph.services.recording import lock_graph


def close_texts_about(talent_id: UUID) -> int:
    """Close the prompts, notes and papers that may be about an erased talent and were not sealed for them.

    Those are texts of the talent's productions that cite no licence, or one of the talent's: a call sheet from before
    the first licence, a version that was licensed after a note on it. Nobody reads them again, as nobody reads those that
    were sealed for the talent; their commitments stay. Returns how many.

    MUST be called inside the transaction in which the talent's key is destroyed. Nobody records in those productions
    until it ends.
    """
    mine = LicenceToken.objects.filter(talent=talent_id).values("production_id")
    productions = list(Production.objects.filter(pk__in=mine).order_by("pk"))
    for production in productions:  # in order, so that two erasures do not wait for each other
        lock_graph(production)
    return close_missed(talent_id, [one.pk for one in productions])
