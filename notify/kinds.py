"""Which kinds of events somebody wants: exact ones (``licence.revoked``) or a family (``licence.*``).

The list of kinds is open: a package that records a new kind need not be known here. What exists now stands
in docs/operations/events.md.
"""

import re
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from common.errors import InvalidInput

_WANTED = re.compile(r"[a-z][a-z0-9_]{0,29}(\.[a-z][a-z0-9_]{0,29}){0,2}(\.\*)?", re.ASCII)
_MOST = 50


def clean_kinds(wanted: Iterable[str]) -> list[str]:
    """The filter in order, without doubles; empty means all.

    Raises:
        InvalidInput: ``KINDS_INVALID``: not of the form of a kind, or too many.
    """
    kinds = sorted(set(wanted))
    wrong = [kind for kind in kinds if not (_WANTED.fullmatch(kind) and "." in kind)]
    if wrong or len(kinds) > _MOST:
        raise InvalidInput(
            "KINDS_INVALID",
            "These are not kinds of events.",
            _("Write licence.revoked or licence.*, at most %(most)s of them.") % {"most": _MOST},
            {"kinds": [kind[:60] for kind in wrong[:_MOST]]},
        )
    return kinds


def is_wanted(kind: str, wanted: Sequence[str]) -> bool:
    """Whether an event of ``kind`` passes the filter.

    >>> is_wanted("licence.revoked", ["licence.*"]), is_wanted("licences.x", ["licence.*"])
    (True, False)
    """
    return not wanted or any(
        kind == one or (one.endswith(".*") and kind.startswith(one[:-1])) for one in wanted
    )
