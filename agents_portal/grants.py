"""Granted and not granted, with equal weight: training is always the first thing not granted."""

from dataclasses import dataclass

from agents_portal.words import Badge, and_list, count_words, use_words
from trustcore.policy.plain import plain_terms
from trustcore.policy.terms import Terms


@dataclass(frozen=True)
class Grant:
    """One line: a bold name, a small limit, perhaps a badge."""

    title: str
    detail: str = ""
    badge: Badge | None = None


@dataclass(frozen=True)
class Grants:
    """Both columns of one version of terms."""

    granted: tuple[Grant, ...]
    not_granted: tuple[Grant, ...]
    count_words: str
    uses: tuple[str, ...]


def granted_in_words(terms: Terms, *, removed: tuple[str, ...] = ()) -> Grants:
    """Say what ``terms`` grant and what they do not; ``removed`` uses are named as taken out by the reader."""
    plain = plain_terms(terms)
    first, *others = [Grant(line.title, line.detail) for line in plain.not_granted]
    taken_out = [Grant(use_words(use), "", Badge("pencil", "Removed by you", "yours")) for use in removed]
    return Grants(
        granted=tuple(Grant(line.title, line.detail) for line in plain.granted),
        not_granted=(first, *taken_out, *others),
        count_words=count_words(len(terms.use_types), "use", "uses"),
        uses=tuple(use_words(str(use)) for use in terms.use_types),
    )


def first_words(terms: Terms, *, granted: bool) -> str:
    """One side in a line, for a confirming screen."""
    plain = plain_terms(terms)
    if not granted:
        return ", ".join(_small(line.title) for line in plain.not_granted) + "."
    uses = and_list([_small(use_words(str(use))) for use in terms.use_types])
    scope = terms.scope
    quota = [f"up to {scope.frames_max:,} frames"] * bool(scope.frames_max)
    quota += [f"{scope.lines_max:,} lines"] * bool(scope.lines_max)
    shots = [f"in {count_words(len(scope.shots), 'shot', 'shots')}"] * bool(scope.shots)
    return ", ".join([uses, *quota, *shots]) + "."


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
