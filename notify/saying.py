"""What sentences of letters are made of: the letter itself, and facts as sentences take them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from common.dates import weekdate_words
from common.visible import one_line

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wording:
    """A letter in the reader's language.

    Attributes:
        subject: one line, without control characters.
        lead: the sentence that is true now.
        rest: further sentences.
        act: what the link says, in the infinitive of a button.
        path: where it leads, below the deployment's address.
    """

    subject: str
    lead: str
    rest: tuple[str, ...] = ()
    act: str = ""
    path: str = "/"


class Said(dict[str, Any]):
    """Facts as sentences take them: text in one line, a missing one as a dash."""

    def __init__(self, facts: Facts) -> None:
        super().__init__({name: self._plain(value) for name, value in facts.items()})

    def __missing__(self, name: str) -> str:
        return "—"

    @staticmethod
    def _plain(value: Any) -> Any:
        return one_line(value) if isinstance(value, str) else value

    def number(self, name: str) -> int:
        """A number; 0 where there is none."""
        value = self.get(name, 0)
        return value if isinstance(value, int) else 0

    def moment(self, name: str) -> str:
        """A time in the reader's zone, with the zone."""
        at = parse_datetime(str(self.get(name, "")) or "-") if self.get(name) else None
        if not isinstance(at, datetime):
            return "—"
        here = timezone.localtime(at)
        return f"{weekdate_words(here)}, {here:%H:%M} {here.tzname() or ''}".strip()
