"""Files of captures in words: how a reading stands, why it ended, why a row was not taken."""

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.words import Badge, figure, later
from training.models import MaterialImport

State = MaterialImport.State
STATES: Final[dict[str, Badge]] = {
    State.QUEUED: Badge("hourglass", later("Waits for a worker"), "unsure"),
    State.RUNNING: Badge("circle-dot", later("Being read"), "yours"),
    State.DONE: Badge("circle-check", later("Read to its end"), "permit"),
    State.FAILED: Badge("octagon-x", later("Not read to its end"), "deny"),
    State.CANCELLED: Badge("circle-minus", later("Called off"), "absent"),
}
FAILURES: Final = {
    "SEAT_ENDED": later("Whoever handed it in does not run the pipeline of this house any more."),
    "API_KEY_REVOKED": later("The API key that handed it in was revoked."),
    "API_KEY_EXPIRED": later("The API key that handed it in has ended."),
    "API_KEY_ORPHANED": later("Nobody answers any more for the API key that handed it in."),
    "FILE_GONE": later("The file could not be read from where it was kept."),
    "IMPORT_STUCK": later("The database refused the next rows each time. Nothing of them was kept."),
    "INTERNAL": later("The reading met a fault of this server."),
}
ROWS: Final = {
    "JSON_MALFORMED": later("The line is no JSON object"),
    "FIELDS_INVALID": later("A field is missing, unknown, or not as it must be"),
    "ROW_TOO_LARGE": later("The line is longer than a line may be"),
    "TEXT_INVALID": later("A text holds what no text may"),
    "CAPTURE_INVALID": later("What was captured cannot be so"),
    "CHECKSUM_INVALID": later("The checksum is no SHA-256"),
    "URL_INVALID": later("The address is none"),
    "TERRITORY_UNKNOWN": later("There is no such territory"),
    "NOT_FOUND": later("The house has no such source"),
    "ASSET_REFUSED": later("The gate refused it"),
    "ASSET_TAKEN_DOWN": later("These bytes were taken down"),
    "ASSET_CLOSED": later("These bytes were refused before"),
    "CONTRACT_CHANGED": later("Another contract is in force than the row was written for"),
}


def lead_of(row: MaterialImport) -> str:
    """The one sentence of its page that is true now."""
    if row.state == State.QUEUED:
        return _("It waits for a worker. Nothing of it has been read yet.")
    if row.state == State.RUNNING:
        words = ngettext(
            "%(n)s row has been read so far.", "%(n)s rows have been read so far.", row.rows_read
        )
    elif row.state == State.DONE:
        words = ngettext("%(n)s row was read.", "%(n)s rows were read.", row.rows_read)
    elif row.state == State.CANCELLED:
        words = ngettext(
            "It was called off. %(n)s row before that was read, and stays.",
            "It was called off. %(n)s rows before that were read, and stay.",
            row.rows_read,
        )
    else:
        words = ngettext(
            "It could not be read to its end. %(n)s row before that was read, and stays.",
            "It could not be read to its end. %(n)s rows before that were read, and stay.",
            row.rows_read,
        )
    return words % {"n": figure(row.rows_read)}
