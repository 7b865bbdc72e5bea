"""Register productions: what every licence is locked to."""

import unicodedata

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Organisation
from accounts.principals import Principal
from accounts.selectors import organisation_by_slug
from audit.services import record
from common.errors import Forbidden, InvalidInput
from common.ids import new_id
from licensing.models import Production
from licensing.models.productions import ProductionKind

_TITLE_MAX = 200
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co"})


def register_production(
    *, principal: Principal, title: str, kind: str, guild: str = "", eidr: str = ""
) -> Production:
    """Register a project, production or campaign of the caller's studio; its log's origin is fixed here.

    Args:
        guild: slug of the guild that oversees it, or empty.

    Raises:
        Forbidden: ``STUDIO_ONLY``: the caller does not produce.
        InvalidInput: ``TITLE_INVALID``, ``KIND_UNKNOWN`` or ``GUILD_UNKNOWN``.
    """
    if principal.organisation.kind != Organisation.Kind.STUDIO or not principal.acts_as("PRODUCER", "ADMIN"):
        raise Forbidden("STUDIO_ONLY", "Only a producer of a studio registers productions.")
    if kind not in ProductionKind.values:
        raise InvalidInput("KIND_UNKNOWN", _("%(kind)s is not a kind of production.") % {"kind": kind})
    overseer = _guild(guild) if guild else None
    with transaction.atomic():
        identifier = new_id()
        production = Production.objects.create(
            id=identifier,
            organisation=principal.organisation,
            title=clean_text(title, most=_TITLE_MAX, code="TITLE_INVALID"),
            kind=kind,
            guild=overseer,
            eidr=eidr,
            origin=f"{settings.LOG_HOST}/log/{identifier}",
        )
        record(
            kind="production.registered",
            principal=principal,
            object_type="production",
            object_id=production.pk,
            production_id=production.pk,
            visible_to=[overseer.pk] if overseer else [],
            after={"title": production.title, "kind": kind, "origin": production.origin},
        )
        return production


def clean_text(text: str, *, most: int, code: str) -> str:
    """Text as people typed it, in NFC, trimmed; refuses empty, overlong and invisible characters.

    Raises:
        InvalidInput: with ``code``.
    """
    clean = unicodedata.normalize("NFC", text).strip()
    if not clean or len(clean) > most or hides_something(clean):
        raise InvalidInput(
            code, _("Between 1 and %(most)s characters, none of them invisible.") % {"most": most}
        )
    return clean


def hides_something(text: str) -> bool:
    """Whether ``text`` holds control, invisible or direction-changing characters; line breaks may stand."""
    return any(unicodedata.category(char) in _HIDDEN and char not in "\n\t" for char in text)


def _guild(slug: str) -> Organisation:
    found = organisation_by_slug(slug)
    if found is None or found.kind != Organisation.Kind.GUILD:
        raise InvalidInput("GUILD_UNKNOWN", "No guild has this name.")
    return found
