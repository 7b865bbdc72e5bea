"""Terms in plain words: what is granted, and, with the same weight, what is not.

Training always heads the second list. It names what people most often assume and do not get: the
uses next to those granted, other channels and countries, other productions, handing the licence on.

Source: TAXONOMY sections 3 and 16.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from trustcore.policy.clauses import Assignability, ChangeOfControl, ContentRule, Exclusivity
from trustcore.policy.shape import Scope, Terms
from trustcore.policy.territory import COUNTRIES, PRESETS, territory_name
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, Channel, Construct, Quota, UseType, quota_of
from trustcore.policy.words import CHANNELS, CONSTRUCTS, CONTENT, USES, counted, frames, listed, moment

_ASSUMED: Final = (
    (UseType.FACE_REPLACEMENT, UseType.BODY_RENDER, UseType.STUNT_DOUBLE, UseType.CROWD_BACKGROUND),
    (UseType.DE_AGING, UseType.AGE_PROGRESSION, UseType.BEAUTY_COSMETIC),
    (UseType.MOTION_TRANSFER, UseType.BODY_PERFORMANCE),
    (UseType.FACE_RENDER, UseType.EXPRESSION_EDIT, UseType.LIP_SYNC),
    (UseType.VOICE_RENDER, UseType.ADR, UseType.VOICE_MATCH),
    (UseType.NEW_DIALOGUE, UseType.VOICE_SINGING_RENDER, UseType.DUBBING),
    (UseType.TRAILER_PROMO, UseType.POSTER_KEY_ART, UseType.MERCHANDISE),
    (UseType.REAL_TIME_GENERATION, UseType.CHATBOT_PERSONA),
    (UseType.ARCHIVE_RECONSTRUCTION, UseType.POSTHUMOUS_RENDER),
)
"""Uses people take to come along, grouped as one line each; no use type implies another."""

_COUNTRIES_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One thing granted or not granted: its name, and the limit or the reason in small words."""

    title: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlainTerms:
    """Both sides of a licence; neither is ever empty."""

    granted: list[Line]
    not_granted: list[Line]


def plain_terms(terms: Terms) -> PlainTerms:
    """Return what ``terms`` grant and what they do not, in the words of a page."""
    return PlainTerms(granted=list(_granted(terms)), not_granted=list(_not_granted(terms)))


def _granted(terms: Terms) -> Iterator[Line]:
    for use_type in UseType:
        if use_type in terms.use_types:
            yield Line(USES[use_type], _limit(terms.scope, use_type))
    yield Line("With", _sentence(CONSTRUCTS[construct] for construct in terms.constructs))
    yield Line("Only for", f"“{terms.project.title}”" + _places(terms.scope))
    yield Line("Working days", _window(terms))
    yield Line("Shown through", _sentence(CHANNELS[channel] for channel in terms.exploitation.channels))
    yield Line("Shown in", _where(terms.exploitation.distribution_territory) + _shown_until(terms))
    yield Line("Rendered in", _where(terms.render_territory))
    yield Line("Worked on by", _workers(terms))


def _not_granted(terms: Terms) -> Iterator[Line]:
    yield _training(terms)
    yield from _other_uses(terms)
    if missing := [CONSTRUCTS[c] for c in Construct if c not in terms.constructs]:
        yield Line("Any other part of the likeness", _sentence(missing))
    yield Line("Any other production", f"The licence is for “{terms.project.title}” alone.")
    if missing := [CHANNELS[channel] for channel in Channel if channel not in terms.exploitation.channels]:
        yield Line("Other channels", _sentence(missing))
    yield from _other_countries(terms)
    if prohibited := [CONTENT[name] for name, rule in terms.content.items() if _is_closed(rule)]:
        yield Line("Content", _sentence(prohibited))
    if ceilings := [f"{system} {rating}" for system, rating in (terms.ratings or {}).items()]:
        yield Line("A stronger rating", f"Nothing above {listed(ceilings)}.")
    yield Line("Work before or after the days agreed", "Each frame outside the window is refused.")
    yield from _handing_on(terms)
    if terms.exclusivity.kind is Exclusivity.NONE:
        yield Line("Exclusivity", "Others may be granted the same.")


def _limit(scope: Scope, use_type: UseType) -> str:
    return {
        Quota.FRAMES: f"Up to {frames(scope.frames_max)}",
        Quota.LINES: f"Up to {counted(scope.lines_max, 'line')}",
        Quota.SECONDS: f"Up to {counted(scope.seconds_max, 'second')}",
        Quota.RUNS: f"Up to {counted(scope.runs_max, 'time')}",
    }[quota_of(use_type)]


def _places(scope: Scope) -> str:
    parts = []
    if scope.sequences:
        parts.append(f"sequences {listed(scope.sequences)}")
    if scope.shots:
        parts.append(f"shots {listed(scope.shots)}")
    if scope.characters:
        parts.append(f"as {listed(scope.characters)}")
    return f", {'; '.join(parts)}" if parts else ", every shot"


def _window(terms: Terms) -> str:
    window = terms.window
    days = "" if window.days is None else counted(window.days, "day")
    if window.not_before is None or window.not_after is None:
        return f"{days} from the day it is issued"
    return f"{days}, {moment(window.not_before)} to {moment(window.not_after)}"


def _shown_until(terms: Terms) -> str:
    until = terms.exploitation.until
    return f", until {moment(until)}" if until else ", as long as the work is shown"


def _workers(terms: Terms) -> str:
    if not terms.vendors:
        return "The licensee alone"
    return f"The licensee and {counted(len(terms.vendors), 'named vendor')}"


def _where(codes: tuple[str, ...]) -> str:
    """Return the countries by name, or the one preset they are, or how many they are."""
    names = {
        "WORLD": "Every country",
        "EU27": "The European Union",
        "EEA": "The European Economic Area",
        "LATAM": "Latin America",
        "APAC": "Asia and the Pacific",
        "MENA": "The Middle East and North Africa",
    }
    for preset, name in names.items():
        if codes == PRESETS[preset]:
            return name
    if len(codes) > _COUNTRIES_SHOWN:
        return f"{len(codes)} territories, listed in the terms"
    return listed(territory_name(code) for code in codes)


def _training(terms: Terms) -> Line:
    if terms.training.allowed:
        return Line("Training of any other kind", _uses(TRAINING_USE_TYPES - set(terms.use_types)))
    return Line(
        "Training any model",
        "No model may be trained, tuned, measured or fed with this. It is always asked for separately.",
    )


def _uses(use_types: Iterable[UseType]) -> str:
    return _sentence(USES[use_type] for use_type in UseType if use_type in set(use_types))


def _other_uses(terms: Terms) -> Iterator[Line]:
    for group in _ASSUMED:
        if missing := [use_type for use_type in group if use_type not in terms.use_types]:
            yield Line(_uses(missing), "Not part of this licence.")
    yield Line("Any use not named as granted", "No use brings another with it.")


def _other_countries(terms: Terms) -> Iterator[Line]:
    for title, codes in (
        ("Showing it in any other country", terms.exploitation.distribution_territory),
        ("Rendering it in any other country", terms.render_territory),
    ):
        if not set(codes) >= COUNTRIES:
            yield Line(title, f"Only: {_where(codes)}.")


def _handing_on(terms: Terms) -> Iterator[Line]:
    if terms.assignability is Assignability.NONE:
        yield Line("Handing the licence on", "To nobody, affiliates included.")
    elif terms.assignability is Assignability.WITH_CONSENT:
        yield Line("Handing the licence on", "Not without a new consent.")
    if terms.change_of_control is ChangeOfControl.TERMINATE:
        yield Line("Use by a new owner of the studio", "The licence ends when the studio is sold.")
    elif terms.change_of_control is ChangeOfControl.RECONSENT:
        yield Line("Use by a new owner of the studio", "Not without a new consent.")


def _is_closed(rule: int | ContentRule) -> bool:
    return rule is ContentRule.PROHIBITED or rule == 0


def _sentence(items: Iterable[str]) -> str:
    """Return the items as one list that begins with a capital and goes on in small letters."""
    head, *rest = list(items) or ["Nothing"]
    return listed([head, *(item[0].lower() + item[1:] for item in rest)])
