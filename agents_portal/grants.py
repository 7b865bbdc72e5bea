"""Granted and not granted, with equal weight: training is always the first thing not granted."""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.words import Badge, and_list, figure, later, spelled, use_words
from common.language import core
from trustcore.language import message
from trustcore.policy.plain import Line, not_part, plain_terms
from trustcore.policy.terms import Terms


@dataclass(frozen=True)
class Grant:
    """One line: a bold name, a small limit, perhaps a badge."""

    title: str
    detail: str = ""
    badge: Badge | None = None


_EVERYWHERE_ELSE: Final = Grant(
    later("Any other production, channel or country"), later("Only what is named as granted.")
)


@dataclass(frozen=True)
class Grants:
    """Both columns of one version of terms."""

    granted: tuple[Grant, ...]
    not_granted: tuple[Grant, ...]
    count_words: str
    uses: tuple[str, ...]
    brief: tuple[str, ...]


_SHOWN_MEMBERS = 6
_ASSUMED: Final = (
    ("NEW_DIALOGUE", later("New dialogue")),
    ("VOICE_SINGING_RENDER", later("Singing")),
    ("DE_AGING", later("De-ageing")),
    ("FACE_REPLACEMENT", later("Face on another performer")),
    ("TRAILER_PROMO", later("Trailers and advertising")),
    ("POSTHUMOUS_RENDER", later("Use after death")),
)
_ELSEWHERE: Final = later("Any other use, production, channel or country")

# One line instead of four: the left column names every production, channel and country that is granted.
_ELSEWHERE_TITLES: Final = frozenset(
    {
        message("Any other production"),
        message("Other channels"),
        message("Showing it in any other country"),
        message("Rendering it in any other country"),
    }
)


def _boundary(line: Line) -> Grant:
    """A line of what is not granted; a long list is told by its first members and a count."""
    if line.detail == not_part(core()):  # the heading says it already
        return Grant(line.title)
    members = line.detail.split("; ")
    if len(members) <= _SHOWN_MEMBERS + 1:
        return Grant(line.title, line.detail)
    return Grant(
        line.title,
        _("%(members)s and %(count)s more")
        % {"members": ", ".join(members[:_SHOWN_MEMBERS]), "count": figure(len(members) - _SHOWN_MEMBERS)},
    )


def brief_not_granted(terms: Terms) -> tuple[str, ...]:
    """What is not granted, for a narrow column: training, what people most assume, and everything else."""
    first = plain_terms(terms, core()).not_granted[0].title
    granted = {str(use) for use in terms.use_types}
    return (first, *(str(text) for use, text in _ASSUMED if use not in granted), str(_ELSEWHERE))


def granted_in_words(terms: Terms, *, removed: tuple[str, ...] = ()) -> Grants:
    """Say what ``terms`` grant and what they do not; ``removed`` uses are named as taken out by the reader."""
    plain = plain_terms(terms, core())
    elsewhere = {core().say(title) for title in _ELSEWHERE_TITLES}
    first, *others = [_boundary(line) for line in plain.not_granted if line.title not in elsewhere]
    taken_out = [Grant(use_words(use), "", Badge("pencil", _("Removed by you"), "yours")) for use in removed]
    return Grants(
        granted=tuple(Grant(line.title, line.detail) for line in plain.granted),
        not_granted=(first, *taken_out, *others, _EVERYWHERE_ELSE),
        count_words=ngettext("%(count)s use", "%(count)s uses", len(terms.use_types))
        % {"count": spelled(len(terms.use_types))},
        uses=tuple(use_words(str(use)) for use in terms.use_types),
        brief=brief_not_granted(terms),
    )


def first_words(terms: Terms, *, granted: bool) -> str:
    """One side in a line, for a confirming screen."""
    if not granted:
        return ". ".join(brief_not_granted(terms)) + "."
    uses = and_list([_small(use_words(str(use))) for use in terms.use_types])
    scope = terms.scope
    parts = [uses]
    if scope.frames_max:
        most = {"number": figure(scope.frames_max)}
        parts.append(ngettext("up to %(number)s frame", "up to %(number)s frames", scope.frames_max) % most)
    if scope.lines_max:
        most = {"number": figure(scope.lines_max)}
        parts.append(ngettext("%(number)s line", "%(number)s lines", scope.lines_max) % most)
    if scope.shots:
        count = {"count": spelled(len(scope.shots))}
        parts.append(ngettext("in %(count)s shot", "in %(count)s shots", len(scope.shots)) % count)
    return ", ".join(parts) + "."


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
