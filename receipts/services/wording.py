"""What of a question may stand in a log that never forgets: codes, and no text of somebody's own.

The log is public and append-only. Who takes part in a production may be misread by it, so a code that no
vocabulary knows is kept as it was spelled; who takes no part has words of the vocabulary alone.
"""

import re
from dataclasses import dataclass
from typing import Final

from receipts.requests import CheckBody
from trustcore.policy.territory import is_territory
from trustcore.policy.vocabulary import Construct, UseType

UNKNOWN: Final = "UNKNOWN"
_CODE: Final = re.compile(r"[A-Z0-9_:-]{1,40}")


@dataclass(frozen=True, slots=True)
class LoggedWords:
    """The words of a question as its log entry carries them; ``shot`` is None where it is left out."""

    use_type: str
    construct: str
    territory: str
    shot: str | None


def words_for_log(body: CheckBody, *, takes_part: bool) -> LoggedWords:
    """The words of ``body`` that may be logged for a caller who takes part in the production, or does not."""
    use_type, construct, territory = body.use_type, body.construct, body.render_territory
    if takes_part:
        return LoggedWords(_code(use_type), _code(construct), _code(territory), body.shot or None)
    return LoggedWords(
        use_type=use_type if use_type in set(UseType) else UNKNOWN,
        construct=construct if construct in set(Construct) else UNKNOWN,
        territory=territory if is_territory(territory) else UNKNOWN,
        shot=None,
    )


def _code(text: str) -> str:
    return text if _CODE.fullmatch(text) else UNKNOWN
