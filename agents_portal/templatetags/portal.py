"""Tags and filters of the portal: icons, badges, hashes in fours, times in the reader's zone.

Everything that comes from people goes through the template's own escaping; ``bdi`` stands in the templates.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal import words
from agents_portal.icons import ICONS
from common import clock
from common.dates import date_words, weekdate_words, weekday_words
from common.language import core, later

register = template.Library()
_OUTCOMES = {
    "RENDERED": later("Rendered"),
    "FAILED": later("Failed"),
    "DISCARDED": later("Discarded"),
    "RERENDER_OF": later("Rerender of"),
}
_ASSETS = {
    "RECEIVED": later("Received"),
    "MARKING": later("Marking"),
    "SIGNING": later("Signing"),
    "VERIFYING": later("Verifying"),
    "RELEASED": later("Released"),
    "HELD": later("Held"),
}


@register.simple_tag
def icon(name: str, tone: str = "") -> SafeString:
    """An icon of the sprite; decoration beside a word, so hidden from screen readers.

    Raises:
        ValueError: the sprite does not hold it.
    """
    if name not in ICONS:
        raise ValueError(f"{name} is not in agents_portal.icons")
    sprite = static("agents_portal/sprite.svg")
    return format_html('<svg class="i {}" aria-hidden="true"><use href="{}#{}"/></svg>', tone, sprite, name)


@register.simple_tag
def icon_use(name: str) -> SafeString:
    """An icon's shape inside a picture that is an SVG already."""
    if name not in ICONS:
        raise ValueError(f"{name} is not in agents_portal.icons")
    return format_html('<use href="{}#{}"/>', static("agents_portal/sprite.svg"), name)


@register.simple_tag
def badge(mark: words.Badge | None) -> SafeString:
    """A pill: icon, word, tone."""
    if mark is None:
        return SafeString("")
    return format_html('<span class="badge {}">{}{}</span>', mark.tone, icon(mark.icon), mark.words)


def _clock_words(moment: datetime) -> str:
    here = timezone.localtime(moment)
    now = timezone.localtime(clock.now())
    zone = here.tzname() or ""
    zone = zone if zone[:1].isalpha() else f"UTC{zone}"
    if here.date() == now.date():
        return f"{here:%H:%M} {zone}"
    date = weekday_words(here) if here.year == now.year else weekdate_words(here)
    return f"{date}, {here:%H:%M} {zone}"


def _tag(moment: datetime, text: str) -> SafeString:
    utc = clock.rfc3339(moment)
    return format_html('<time datetime="{}" title="{} UTC">{}</time>', utc, utc[:-1].replace("T", " "), text)


@register.simple_tag
def when(moment: datetime | None) -> SafeString:
    """A time in the reader's zone, UTC in its title; "ago" only under an hour."""
    if moment is None:
        return SafeString("")
    seconds = (clock.now() - moment).total_seconds()
    if 0 <= seconds < 3600:
        if seconds < 10:
            return _tag(moment, _("just now"))
        if seconds < 60:
            return _tag(moment, _("%(seconds)s seconds ago") % {"seconds": int(seconds)})
        return _tag(moment, _("%(minutes)s min ago") % {"minutes": int(seconds // 60)})
    return _tag(moment, _clock_words(moment))


@register.simple_tag
def clock_time(moment: datetime | None) -> SafeString:
    """A time as clock and zone, never "ago"."""
    return SafeString("") if moment is None else _tag(moment, _clock_words(moment))


@register.simple_tag
def stamp(moment: datetime) -> SafeString:
    """A time with its date always said: when a page was true."""
    here = timezone.localtime(moment)
    zone = here.tzname() or ""
    return _tag(moment, f"{weekdate_words(here)}, {here:%H:%M} {zone}")


@register.simple_tag
def deadline(moment: datetime) -> SafeString:
    """A deadline in two lines: the clock today, else the day; then what is left, or the clock this week."""
    here, now = timezone.localtime(moment), timezone.localtime(clock.now())
    zone = here.tzname() or ""
    if here.date() == now.date():
        first, second = f"{here:%H:%M} {zone}", left(moment)
    else:
        soon = (here.date() - now.date()).days <= 7
        first, second = weekday_words(here), f"{here:%H:%M}" if soon else left(moment)
    return format_html("<b>{}</b><small>{}</small>", _tag(moment, first), second)


@register.simple_tag
def day(moment: datetime | None) -> SafeString:
    """A date in the reader's zone: ``18 Oct 2026``."""
    if moment is None:
        return SafeString("")
    here = timezone.localtime(moment)
    return _tag(moment, date_words(here))


@register.filter(name="date_words")
def date_in_words(at: date | None) -> str:
    """A date without its markup, to put into a sentence: ``18 Oct 2026``."""
    if at is None:
        return ""
    return date_words(timezone.localtime(at) if isinstance(at, datetime) else at)


@register.filter
def left(moment: datetime) -> str:
    """What is left until a deadline: ``in 7 h 48 min``, ``12 days``."""
    seconds = (moment - clock.now()).total_seconds()
    if seconds <= 0:
        return _("over")
    hours, minutes = int(seconds // 3600), int(seconds % 3600 // 60)
    if hours >= 48:
        days = int(seconds // 86400)
        return ngettext("in %(days)s day", "in %(days)s days", days) % {"days": days}
    if hours:
        return _("in %(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    return _("in %(minutes)s min") % {"minutes": minutes}


@register.filter
def spoken(identifier: UUID | str) -> str:
    """The last four characters of an id, said aloud: ``7Q4M``."""
    return str(identifier).replace("-", "")[-4:].upper()


@register.filter
def monogram(name: str) -> str:
    """Initials of a name, two at most."""
    parts = [part for part in name.split() if part[:1].isalpha()]
    return "".join(part[0] for part in ([parts[0], parts[-1]] if len(parts) > 1 else parts)).upper() or "?"


@register.filter
def fours(value: str) -> list[str]:
    """A hash in groups of four, without its prefix."""
    digits = value.rpartition(":")[2]
    return [digits[at : at + 4] for at in range(0, len(digits), 4)]


@register.inclusion_tag("portal/parts/hash.html")
def short_hash(value: str | None, label: str = "") -> dict[str, Any]:
    """First eight and last four of a hash, in fours; copying gives all of it."""
    groups = fours(value or "")
    return {"value": value, "label": label, "head": groups[:2], "tail": groups[-1] if groups else ""}


@register.inclusion_tag("portal/parts/fullhash.html")
def full_hash(value: str, caption: str) -> dict[str, Any]:
    """All 64 digits in fours, as one reads before agreeing."""
    return {"groups": fours(value), "caption": caption, "value": value}


@register.filter
def use_words(code: str) -> str:
    """Words for a use type."""
    return words.use_words(code)


@register.filter
def channel_words(code: str) -> str:
    """Words for a channel."""
    return words.channel_words(code)


@register.filter
def split_label(label: str) -> tuple[str, str]:
    """A choice's two lines, written ``name|what it means``."""
    name, _bar, meaning = str(label).partition("|")
    return name, meaning


@register.filter
def construct_words(code: str) -> str:
    """Words for a construct."""
    return words.construct_words(code)


@register.filter
def outcome_words(code: str) -> str:
    """What became of a frame."""
    return str(_OUTCOMES.get(code) or words.lower_words(code).capitalize())


@register.filter
def code_words(code: str) -> str:
    """A code as small words."""
    return words.lower_words(code)


@register.filter
def asset_words(code: str) -> str:
    """How an output stands."""
    return str(_ASSETS.get(code) or words.lower_words(code).capitalize())


@register.filter
def core_words(text: str) -> str:
    """A text of the core or of its data in the reader's language: a rule's sentence, a profile's title."""
    return core().say(text)


@register.filter
def country(code: str) -> str:
    """The name of a country."""
    return words.country(code)


@register.filter
def reason_words(code: str) -> str:
    """The sentence of a refusal."""
    return words.reason_words(code)


@register.filter
def screen_time(frames: int, fps: int = 24) -> str:
    """Frames as time on the screen: ``6.4 seconds``, ``2 min 5 s``."""
    seconds = frames / fps
    if seconds < 100:
        shown = number_format(int(seconds) if f"{seconds:.1f}".endswith(".0") else f"{seconds:.1f}")
        return _("%(number)s seconds") % {"number": shown}
    return _("%(minutes)s min %(seconds)s s") % {"minutes": int(seconds // 60), "seconds": int(seconds % 60)}


@register.filter
def show_controls(text: str) -> str:
    """Make invisible direction and control characters visible, so that no name can disguise itself."""
    return "".join(
        f"⟨U+{ord(one):04X}⟩"
        if ord(one) in _CONTROLS or (ord(one) < 32 and one not in "\n\t") or 0x7F <= ord(one) < 0xA0
        else one
        for one in text
    )


_CONTROLS = {0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
