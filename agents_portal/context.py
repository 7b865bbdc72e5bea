"""What every page knows: the reader, their sections with counts, the look they chose. Read on demand."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from accounts.principals import Principal
from accounts.selectors import principal_of_session
from agents_portal import words
from agents_portal.access import AGENT, STUDIO, TALENT, seat_of
from agents_portal.confirm import Confirmation, confirmation_for
from agents_portal.navigation import SECTIONS, Entry, section_of
from common import clock
from common.counting import count_of
from licensing.selectors import needed_count
from notify.selectors import unread_count, unread_letters
from notify.stream import PATH
from notify.topics import TOPIC_OF

COUNTED = {AGENT: "portal-inbox", TALENT: "portal-decide", STUDIO: "portal-requests"}
"""The section of each seat that says how many requests wait."""
THEMES = ("auto", "light", "dark")
LIVE_KINDS = tuple(sorted({*TOPIC_OF, "request.approved"}))
LIVE_FAMILIES = tuple(sorted({f"{kind.partition('.')[0]}.*" for kind in LIVE_KINDS}))


@dataclass(frozen=True)
class Section:
    """A section as the template draws it."""

    href: str
    icon: str
    label: str
    is_here: bool
    count: int = 0
    is_stop: bool = False
    key: str = ""


@dataclass(frozen=True)
class SectionGroup:
    """Sections under one title."""

    title: str
    items: tuple[Section, ...]


def needs_of(request: HttpRequest, principal: Principal) -> int:
    """How many requests wait for the reader, asked once a page however often it is shown."""
    kept: int | None = getattr(request, "portal_needs", None)
    if kept is None:  # the notices of the frame are counted by the same query
        me = User.objects.filter(pk=principal.person.pk)
        kept, unread = me.values_list(needed_count(principal), count_of(unread_letters(principal))).get()
        request.portal_needs, request.portal_unread = kept, unread  # type: ignore[attr-defined]
    return kept


class Portal:
    """The reader and the frame around the page; every part is read when a template first asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        """Keep the request; read nothing yet."""
        self._request = request

    @property
    def theme(self) -> str:
        """``auto``, ``light`` or ``dark``."""
        chosen = self._request.COOKIES.get("theme", "auto")
        return chosen if chosen in THEMES else "auto"

    @property
    def keys(self) -> str:
        """Whether single-letter keys are on."""
        return "off" if self._request.COOKIES.get("keys") == "off" else "on"

    @cached_property
    def principal(self) -> Principal | None:
        """The reader; None before sign-in."""
        found = getattr(self._request, "principal", None)
        return found if isinstance(found, Principal) else principal_of_session(self._request)

    @cached_property
    def seat(self) -> str:
        """Which pages the reader gets."""
        return seat_of(self.principal) if self.principal else ""

    @property
    def organisation(self) -> Organisation | None:
        """For whom the reader acts."""
        return self.principal.organisation if self.principal else None

    @property
    def person(self) -> User | None:
        """Who reads."""
        return self.principal.person if self.principal else None

    @property
    def organisation_kind(self) -> str:
        """``Talent agency``, ``Studio``."""
        return Organisation.Kind(self.principal.organisation.kind).label if self.principal else ""

    @property
    def role_words(self) -> str:
        """``Agent``, ``Producer, administrator``."""
        roles = sorted(self.principal.roles) if self.principal else []
        return ", ".join(str(words.ROLES.get(role, role)) for role in roles)

    @cached_property
    def has_several(self) -> bool:
        """Whether the reader belongs to more than one organisation."""
        return self.principal is not None and self.principal.memberships > 1

    @cached_property
    def confirm(self) -> Confirmation | None:
        """What the reader is asked to confirm an act with; None while their proof is fresh."""
        return confirmation_for(self._request, self.principal) if self.principal else None

    @property
    def zone_words(self) -> str:
        """The reader's zone and offset."""
        return words.zone_words()

    @property
    def now(self) -> datetime:
        """The moment this page was true."""
        return clock.now()

    @cached_property
    def sections(self) -> tuple[SectionGroup, ...]:
        """The side's sections, with counts where something waits."""
        return tuple(
            SectionGroup(
                group.title, tuple(self._section(entry) for entry in group.entries if self._has(entry))
            )
            for group in SECTIONS.get(self.seat, ())
        )

    @cached_property
    def tabbar(self) -> tuple[Section, ...]:
        """The phone's five sections; a talent's fifth is Stop."""
        entries = [entry for group in SECTIONS.get(self.seat, ()) for entry in group.entries if entry.tab]
        tabs = [self._section(entry._replace(label=entry.tab)) for entry in entries[:5]]
        if self.seat == TALENT:
            here = self._here == "portal-stop"
            tabs = [*tabs[:4], Section(reverse("portal-stop"), "octagon-x", _("Stop"), here, is_stop=True)]
        return tuple(tabs)

    @cached_property
    def _here(self) -> str:
        match = self._request.resolver_match
        return section_of(match.url_name or "", self.seat) if match else ""

    @cached_property
    def unread(self) -> int:
        """How many notices the reader has not read."""
        if self.principal is None:
            return 0
        if self.seat in COUNTED:
            needs_of(self._request, self.principal)
        known: int | None = getattr(self._request, "portal_unread", None)
        return unread_count(self.principal) if known is None else known

    @cached_property
    def waiting(self) -> int:
        """How many requests wait for the reader; 0 in a seat that answers none."""
        return self._count(COUNTED.get(self.seat, ""))

    @property
    def live_url(self) -> str:
        """Where the page hears of what happens; empty where no stream is offered."""
        return f"{settings.EVENTS_URL}{PATH}?kinds={','.join(LIVE_FAMILIES)}" if settings.EVENTS_URL else ""

    @property
    def live_trigger(self) -> str:
        """Which events make the page ask for its counts, a moment later: letters are written by then."""
        return ", ".join(f"sse:{kind} delay:1500ms" for kind in LIVE_KINDS)

    def _has(self, entry: Entry) -> bool:
        """An agency's legal desk has no material for training: only studios and vendors train."""
        kind = self.principal.organisation.kind if self.principal else ""
        return entry.name != "portal-material" or kind in (Organisation.Kind.STUDIO, Organisation.Kind.VENDOR)

    def _section(self, entry: Entry) -> Section:
        return Section(
            reverse(entry.name),
            entry.icon,
            entry.label,
            entry.name == self._here,
            self._count(entry.name),
            key=entry.name,
        )

    def _count(self, name: str) -> int:
        asks = bool(name) and COUNTED.get(self.seat) == name
        return needs_of(self._request, self.principal) if asks and self.principal else 0


def portal(request: HttpRequest) -> dict[str, Portal]:
    """Give every template its frame."""
    return {"portal": Portal(request)}
