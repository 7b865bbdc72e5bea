"""One English sentence for each change of a term: what it was, what it is now.

A :class:`Reader` turns the two values of a field into the texts ``before`` and ``after`` and a
sentence that holds both, word for word, so that a page can strike the one and underline the other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from trustcore.policy.clauses import ContentRule
from trustcore.policy.shape import ScriptRef
from trustcore.policy.territory import territory_name
from trustcore.policy.words import CHANNELS, CONSTRUCTS, CONTENT_RULES, USES, counted, listed, moment, plain

Told = tuple[str, str, str]
"""``before``, ``after`` and the sentence that holds both."""
Words = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one field is told.

    Attributes:
        path: where the field stands, as ``scope.frames_max``.
        label: its name inside a sentence, as "frame limit".
        tell: returns before, after and the sentence, from the label and the two values.
    """

    path: str
    label: str
    tell: Callable[[str, Any, Any], Told]


def number(unit: str) -> Callable[[str, int | None, int | None], Told]:
    """Tell a number by growing and falling."""

    def tell(label: str, old: int | None, new: int | None) -> Told:
        if old is None or new is None:
            return change(lambda n: counted(n, unit), "nothing stated")(label, old, new)
        verb = "grows" if new > old else "falls"
        return f"{old:,}", f"{new:,}", f"The {label} {verb} from {old:,} to {counted(new, unit)}."

    return tell


def amount(label: str, old: int, new: int) -> Told:
    """Tell an amount of something that has no unit of its own: the label says what is counted."""
    verb = "grows" if new > old else "falls"
    return f"{old:,}", f"{new:,}", f"The {label} {verb} from {old:,} to {new:,}."


def change(words: Words, nothing: str, verb: str = "changes") -> Callable[[str, Any, Any], Told]:
    """Tell a value that takes another's place; ``nothing`` stands for an absent one."""

    def tell(label: str, old: Any, new: Any) -> Told:
        before, after = (nothing if value is None else words(value) for value in (old, new))
        return before, after, f"The {label} {verb} from {before} to {after}."

    return tell


def flag(on: str, off: str) -> Callable[[str, bool, bool], Told]:
    """Tell a yes or no by the words for each."""

    def tell(label: str, old: bool, new: bool) -> Told:
        before, after = (on if value else off for value in (old, new))
        return before, after, f"The {label}, {before} until now, is {after}."

    return tell


def members(words: Words) -> Callable[[str, Iterable[Any], Iterable[Any]], Told]:
    """Tell a list by what is added and what is taken out."""

    def tell(label: str, old: Iterable[Any], new: Iterable[Any]) -> Told:
        out = listed(words(item) for item in old if item not in set(new))
        into = listed(words(item) for item in new if item not in set(old))
        if out and into:
            return out, into, f"In the {label}, {out} gives way to {into}."
        if out:
            return out, "", f"Taken out of the {label}: {out}."
        return "", into, f"Added to the {label}: {into}."

    return tell


def limits(words: Words) -> Callable[[str, tuple[Any, ...], tuple[Any, ...]], Told]:
    """Tell a list that restricts, where an empty one restricts nothing."""
    told = members(words)

    def tell(label: str, old: tuple[Any, ...], new: tuple[Any, ...]) -> Told:
        before, after = listed(map(words, old)), listed(map(words, new))
        if not old:
            return "any", after, f"Until now any {label} would do; from now on only {after}."
        if not new:
            return before, "any", f"Until now only {before} would do as {label}; from now on any."
        return told(f"{label} list", old, new)

    return tell


def quoted(text: str) -> str:
    """Return a text in quotation marks."""
    return f"“{text}”"


def use(code: str) -> str:
    """Return the words for a use type."""
    return USES[code]


def construct(code: str) -> str:
    """Return the words for a construct."""
    return CONSTRUCTS[code]


def channel(code: str) -> str:
    """Return the words for a channel."""
    return CHANNELS[code]


def script(ref: ScriptRef) -> str:
    """Return a script by its reference, version and full hash, so that no two look alike."""
    dated = f", dated {moment(ref.dated)}" if ref.dated else ""
    return f"{ref.ref} version {ref.version}{dated} (sha256 {ref.sha256})"


def rule(value: int | ContentRule | None) -> str:
    """Return how a content switch stands; one that nobody set is asked for each time."""
    if value is None:
        return "not agreed, so asked for each time"
    return f"up to level {value} of 5" if isinstance(value, int) else CONTENT_RULES[value]


DATE: Final = change(moment, "nothing stated", "moves")
CHOICE: Final = change(plain, "nothing stated")
TEXT: Final = change(quoted, "nothing")
IDENT: Final = change(str, "nothing")
COUNTRIES: Final = members(territory_name)
BASIS_POINTS: Final = change(lambda points: f"{points // 100}.{points % 100:02d} %", "nothing")
EVER: Final = change(moment, "no end", "moves")
SIZE: Final = change(str, "any size")
HOURS: Final = number("hour")
DAYS: Final = number("day")
SECONDS: Final = number("second")
