"""Why an output is held, in the reader's words: the reason by its code, what exactly by the facts it names.

What is stored is English and names its facts in a fixed form (``provenance.rules``); a person reads the facts in a
sentence of the catalogue. What a tool outside said stands as it was said: it is evidence.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.translation import gettext as _

from agents_portal.words import LICENCE_BADGES, lower_words
from common.language import later

_HELD: Final = {
    "TOKEN_UNKNOWN": later("No licence here has this number."),
    "TOKEN_NOT_OF_PRODUCTION": later("The licence is of another production."),
    "TOKEN_STATE": later("The licence was not in force."),
    "DISTRIBUTION_HOLD": later("A hold stood on releasing it."),
    "RECEIPTS_MISSING": later("Receipts were missing."),
    "CHECKPOINT_OPEN": later("The final review was open."),
    "MARK_NOT_EMBEDDED": later("It bears no mark."),
    "MARK_NOT_FOUND": later("Its mark was not found again."),
    "LAYERS_INCOMPLETE": later("Not every layer of its proof was there."),
    "SIGNING_FAILED": later("It could not be signed."),
    "UPLOAD_CREDENTIALS_BROKEN": later("The credentials it came with are broken."),
    "CREDENTIALS_NOT_TRUSTED": later("The credentials it came with are not trusted."),
    "MEDIA_UNREADABLE": later("The file could not be read."),
    "PROCESSING_FAILED": later("Something failed on our side."),
}
_FIXED: Final = {
    "the proxy shows another file": later("The proxy shows another file."),
    "another file was marked": later("Another file was marked."),
    "no layer can carry a mark": later("Neither its picture nor its sound can carry a mark."),
    "imperceptible mark: in no layer": later("The hidden mark was in no layer."),
    "the stored file is not the one that was signed": later(
        "The stored file is not the one that was signed."
    ),
    "the manifest does not name this output and its mark": later(
        "Its Content Credentials name neither this output nor its mark."
    ),
    "the manifest does not state the derived source type": later(
        "Its Content Credentials do not say that it was made with a model."
    ),
}
_LAYERS: Final = {"PIXEL": later("Picture"), "AUDIO": later("Sound")}
_FOUND: Final = {
    "absent": later("the mark is not there"),
    "another mark was found": later("another mark was found"),
    "uncertain": later("it cannot be told whether the mark is there"),
}
_LICENCE: Final = re.compile(r"licence [0-9a-f-]{32}([0-9a-f]{4})(?: is ([A-Z_]+)|: ([A-Z_]+))?\b")
_LAYER: Final = re.compile(r"(PIXEL|AUDIO): (.+)", re.DOTALL)


def held_words(code: str) -> str:
    """Why an output was held, before what exactly."""
    return str(_HELD[code]) if code in _HELD else lower_words(code)


def held_detail(detail: str) -> str:
    """What exactly, in the reader's language as far as it names facts that are known.

    >>> held_detail("licence 01a220ee-4df9-795e-ac31-6752fd10d238 is EXPIRED")
    'Licence D238: Ended'
    """
    if detail in _FIXED:
        return str(_FIXED[detail])
    if found := _LICENCE.match(detail):
        return _of_licence(found[1].upper(), found[2], found[3])
    if (found := _LAYER.fullmatch(detail)) is not None:
        said = str(_FOUND.get(found[2], found[2]))
        return _("%(layer)s: %(said)s") % {"layer": _LAYERS[found[1]], "said": said}
    if detail.startswith("proxy: "):
        return _("The proxy: %(said)s") % {"said": held_detail(detail.removeprefix("proxy: "))}
    return detail


def held_lines(reasons: Iterable[Mapping[str, str]]) -> list[tuple[str, str]]:
    """Each reason in words, and what exactly."""
    return [(held_words(one["code"]), held_detail(one["detail"])) for one in reasons]


def _of_licence(number: str, state: str | None, kind: str | None) -> str:
    if state:
        words = LICENCE_BADGES[state].words if state in LICENCE_BADGES else lower_words(state)
        return _("Licence %(number)s: %(state)s") % {"number": number, "state": words}
    if kind:
        return _("Licence %(number)s was revoked: %(kind)s") % {"number": number, "kind": lower_words(kind)}
    return _("Licence %(number)s") % {"number": number}
