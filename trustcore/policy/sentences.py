"""One sentence for each change of a term: what it was, what it is now.

A :class:`Reader` turns the two values of a field into the texts ``before`` and ``after`` and a
sentence that holds both, word for word, so that a page can strike the one and underline the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from trustcore.language import Language, message
from trustcore.older import dataclass
from trustcore.policy.clauses import ContentRule
from trustcore.policy.shape import ScriptRef
from trustcore.policy.territory import territory_name
from trustcore.policy.words import CHANNELS, CONSTRUCTS, CONTENT_RULES, USES, moment, plain

Told = tuple[str, str, str]
"""``before``, ``after`` and the sentence that holds both."""
Words = Callable[[Any, Language], str]
Tell = Callable[[str, Any, Any, Language], Told]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one field is told.

    Attributes:
        path: where the field stands, as ``scope.frames_max``.
        label: its name inside a sentence, as "frame limit".
        tell: returns before, after and the sentence, from the label, the two values and the language.
    """

    path: str
    label: str
    tell: Tell


def number(one: str, many: str) -> Tell:
    """Tell a number by growing and falling; ``one`` and ``many`` say it with its unit."""

    def tell(label: str, old: int | None, new: int | None, lang: Language) -> Told:
        if old is None or new is None:
            return change(lambda n, lang: lang.counted(one, many, n), _UNSTATED)(label, old, new, lang)
        before, after = lang.number(old), lang.number(new)
        form = _GROWS if new > old else _FALLS
        sentence = _said(form, lang, label, before=before, after=lang.counted(one, many, new))
        return before, after, sentence

    return tell


def amount(label: str, old: int, new: int, lang: Language) -> Told:
    """Tell an amount of something that has no unit of its own: the label says what is counted."""
    before, after = lang.number(old), lang.number(new)
    return before, after, _said(_GROWS if new > old else _FALLS, lang, label, before=before, after=after)


def change(words: Words, nothing: str, form: str | None = None) -> Tell:
    """Tell a value that takes another's place; ``nothing`` stands for an absent one."""

    def tell(label: str, old: Any, new: Any, lang: Language) -> Told:
        before, after = (lang.say(nothing) if value is None else words(value, lang) for value in (old, new))
        return before, after, _said(form or _CHANGES, lang, label, before=before, after=after)

    return tell


def flag(on: str, off: str) -> Tell:
    """Tell a yes or no by the words for each."""

    def tell(label: str, old: bool, new: bool, lang: Language) -> Told:
        before, after = (lang.say(on if value else off) for value in (old, new))
        return before, after, _said(_TURNS, lang, label, before=before, after=after)

    return tell


def members(words: Words) -> Tell:
    """Tell a list by what is added and what is taken out."""

    def tell(label: str, old: Iterable[Any], new: Iterable[Any], lang: Language) -> Told:
        out = lang.listed(words(item, lang) for item in old if item not in set(new))
        into = lang.listed(words(item, lang) for item in new if item not in set(old))
        if out and into:
            return out, into, _said(_GIVES_WAY, lang, label, before=out, after=into)
        if out:
            return out, "", _said(_TAKEN_OUT, lang, label, before=out)
        return "", into, _said(_ADDED, lang, label, after=into)

    return tell


def limits(words: Words, whole: str) -> Tell:
    """Tell a list that restricts, where an empty one restricts nothing; ``whole`` names the list itself."""
    told = members(words)

    def tell(label: str, old: tuple[Any, ...], new: tuple[Any, ...], lang: Language) -> Told:
        before = lang.listed(words(item, lang) for item in old)
        after = lang.listed(words(item, lang) for item in new)
        if not old:
            return lang.say(_ANY), after, _said(_ONLY, lang, label, after=after)
        if not new:
            return before, lang.say(_ANY), _said(_ANY_NOW, lang, label, before=before)
        return told(whole, old, new, lang)

    return tell


_UNSTATED: Final = message("nothing stated")
_ANY: Final = message("any")
_GROWS: Final = message("The %(label)s grows from %(before)s to %(after)s.")
_FALLS: Final = message("The %(label)s falls from %(before)s to %(after)s.")
_CHANGES: Final = message("The %(label)s changes from %(before)s to %(after)s.")
_MOVES: Final = message("The %(label)s moves from %(before)s to %(after)s.")
_TURNS: Final = message("The %(label)s, %(before)s until now, is %(after)s.")
_GIVES_WAY: Final = message("In the %(label)s, %(before)s gives way to %(after)s.")
_TAKEN_OUT: Final = message("Taken out of the %(label)s: %(before)s.")
_ADDED: Final = message("Added to the %(label)s: %(after)s.")
_ONLY: Final = message("Until now any %(label)s would do; from now on only %(after)s.")
_ANY_NOW: Final = message("Until now only %(before)s would do as %(label)s; from now on any.")


def _said(form: str, lang: Language, label: str, **values: str) -> str:
    """Return the sentence; a language may let it begin with the label, so its capital is set here."""
    return lang.opening(lang.say(form, label=lang.say(label), **values))


def changed(label: str, before: str, after: str, lang: Language) -> str:
    """Return the sentence of a value that changes."""
    return _said(_CHANGES, lang, label, before=before, after=after)


def quoted(text: str, lang: Language) -> str:
    """Return a text in quotation marks."""
    return lang.say("“%(text)s”", text=text)


def word(code: str, lang: Language) -> str:
    """Return a code as small words."""
    return lang.say(plain(code))


def itself(value: Any, lang: Language) -> str:
    """Return an id, a name or a number as it is: no language changes it."""
    return str(value)


def use(code: str, lang: Language) -> str:
    """Return the words for a use type."""
    return lang.say(USES[code])


def construct(code: str, lang: Language) -> str:
    """Return the words for a construct."""
    return lang.say(CONSTRUCTS[code])


def channel(code: str, lang: Language) -> str:
    """Return the words for a channel."""
    return lang.say(CHANNELS[code])


def days(number: int, lang: Language) -> str:
    """Return a number of days."""
    return lang.counted("%(number)s day", "%(number)s days", number)


def script(ref: ScriptRef, lang: Language) -> str:
    """Return a script by its reference, version and full hash, so that no two look alike."""
    if ref.dated:
        return lang.say(
            "%(script)s version %(version)s, dated %(day)s (sha256 %(hash)s)",
            script=ref.ref, version=ref.version, day=moment(ref.dated, lang), hash=ref.sha256,
        )  # fmt: skip
    return lang.say(
        "%(script)s version %(version)s (sha256 %(hash)s)",
        script=ref.ref, version=ref.version, hash=ref.sha256,
    )  # fmt: skip


def rule(value: int | ContentRule | None, lang: Language) -> str:
    """Return how a content switch stands; one that nobody set is asked for each time."""
    if value is None:
        return lang.say("not agreed, so asked for each time")
    if isinstance(value, int):
        return lang.say("up to level %(level)s of 5", level=value)
    return lang.say(CONTENT_RULES[value])


def _points(points: int, lang: Language) -> str:
    return f"{points // 100}{lang.decimal}{points % 100:02d} %"


def _times(points: int, lang: Language) -> str:
    whole, part = divmod(points, 10_000)
    return lang.say(
        "%(number)s times the scale",
        number=f"{whole}{lang.decimal}{part:04d}".rstrip("0").rstrip(lang.decimal),
    )


DATE: Final = change(moment, _UNSTATED, _MOVES)
CHOICE: Final = change(word, _UNSTATED)
TEXT: Final = change(quoted, message("nothing"))
IDENT: Final = change(itself, message("nothing"))
COUNTRIES: Final = members(territory_name)
COUNT: Final = change(lambda number, lang: lang.number(number), message("no limit"))
MULTIPLE: Final = change(_times, message("nothing"))
BASIS_POINTS: Final = change(_points, message("nothing"))
EVER: Final = change(moment, message("no end"), _MOVES)
SIZE: Final = change(itself, message("any size"))
HOURS: Final = number(message("%(number)s hour"), message("%(number)s hours"))
DAYS: Final = number(message("%(number)s day"), message("%(number)s days"))
SECONDS: Final = number(message("%(number)s second"), message("%(number)s seconds"))
