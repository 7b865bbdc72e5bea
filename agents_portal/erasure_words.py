"""Words for erasures: what becomes unreadable, what stays and why, what stands against it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.binding import Consequence
from agents_portal.words import Badge, figure, later
from common.dates import weekdate_words
from compliance.erasure.inventory import KEPT

GROUNDS: Final = {
    "NO_LONGER_NEEDED": later("The data is no longer needed"),
    "CONSENT_WITHDRAWN": later("Consent is withdrawn"),
    "OBJECTION": later("The person objects"),
    "UNLAWFUL": later("The data was processed unlawfully"),
    "LEGAL_DUTY": later("A law asks for it"),
}
AGAINST: Final = {
    "ERASURE_LICENCES_OPEN": later("Licences are still running. Revoke them, or wait until they end."),
    "ERASURE_REQUESTS_OPEN": later("Requests still wait for an answer."),
    "ERASURE_LEGAL_HOLD": later("A legal hold or a dispute keeps the record as it is."),
    "ERASURE_RETENTION": later("A licensee has not yet confirmed the end of a licence."),
    "ERASURE_STILL_MEMBER": later("The person is still a member of another organisation."),
    "ERASURE_KEYS_IN_USE": later("API keys that the person made are still in use."),
    "ERASURE_ASKED": later("It was asked for already."),
}
_BADGES: Final = {
    "ASKED": Badge("hourglass", later("Waits for a second yes"), "unsure"),
    "CONFIRMED": Badge("calendar-clock", later("Waits for its day"), "unsure"),
    "WITHDRAWN": Badge("undo-2", later("Taken back"), "absent"),
    "DONE": Badge("circle-check", later("Carried out"), "permit"),
}
# where rows lie, by the beginning of a table's name; the first that fits
_PLACES: Final = (
    (("accounts_", "account_", "mfa_", "socialaccount_", "django_", "admin"), "key-round",
     later("Name, address, sign-in and sessions")),
    (("licensing_",), "signature", later("Stage name, vault, mandates, who sees the person")),
    (("notify_",), "mail", later("Letters and notices")),
    (("compliance_",), "package", later("Bundles that hold remarks of the parties")),
    (("",), "file-text", later("Files and drafts named after the person, remembered answers")),
)  # fmt: skip
_KEPT: Final = (
    later("Terms, grants and acts of licences, by number and not by name: proof of what was agreed."),
    later("The log, its checkpoints and the receipts, by pseudonym: proof of use that names nobody."),
    later("Incident files that were closed: claims that were raised."),
    later("Names of productions, works, models and material: facts about things."),
    later("Names of counsel who signed for an organisation."),
    later("Passkey signatures over terms: proof of consent, a public key and a signature."),
)
assert len(_KEPT) == len(KEPT), "each thing that is kept has its sentence"


def badge_of(state: str) -> Badge:
    """The mark of a state."""
    return _BADGES[state]


def against_words(code: str, count: int) -> str:
    """What stands against it, and how many of it there are."""
    return f"{AGAINST.get(code, code)} ({figure(count)})"


def unreadable(rows: Mapping[str, int], keys: int) -> tuple[Consequence, ...]:
    """What nobody can read afterwards."""
    found = [
        Consequence(
            "lock",
            _("What was written about the person"),
            _("remarks, questions, reasons, wishes, prompts: the key is destroyed, and nobody opens them again. "
              "A backup that is brought back is erased again before it serves."),
            "deny",
        )
    ]  # fmt: skip
    if not keys:
        found[0] = Consequence("lock", _("Nothing was sealed under a key of this person so far."), "")
    sums: dict[int, int] = {}
    for table, count in rows.items():
        place = next(
            n for n, (starts, _icon, _words) in enumerate(_PLACES) if table.startswith(tuple(starts))
        )
        sums[place] = sums.get(place, 0) + count
    for place, count in sorted(sums.items()):
        _starts, icon, what = _PLACES[place]
        number = ngettext(
            "%(n)s row is overwritten or deleted.", "%(n)s rows are overwritten or deleted.", count
        )
        found.append(Consequence(icon, str(what), number % {"n": figure(count)}, "deny"))
    return tuple(found)


def provable() -> tuple[Consequence, ...]:
    """What stays, and can still be proved."""
    return tuple(Consequence("shield-check", str(one), "", "permit") for one in _KEPT)


def its_day(due_at: datetime | None) -> tuple[Consequence, ...]:
    """When it will be carried out, unless it is taken back; nothing before it is confirmed."""
    if due_at is None:
        return ()
    return (
        Consequence(
            "calendar-clock", _("It will be carried out on"), weekdate_words(timezone.localtime(due_at))
        ),
    )


def standing_against(against: Iterable[Mapping[str, Any]]) -> tuple[Consequence, ...]:
    """What has to end first."""
    return tuple(
        Consequence("ban", against_words(str(one["code"]), int(one["count"])), str(one["code"]), "unsure")
        for one in against
    )
