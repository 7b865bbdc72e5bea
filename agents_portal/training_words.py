"""What a training request grants and what it never does, for a narrow column: the words of its own page."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal import words
from agents_portal.grants import Grant
from agents_portal.words import and_list, figure
from trustcore.policy.terms import Terms
from trustcore.policy.vocabulary import TRAINING_USE_TYPES


def training_granted(terms: Terms) -> dict[str, tuple[object, ...]]:
    """The two columns: ``granted`` lines, and what is not granted in ``brief``."""
    others = sorted(words.use_words(str(use)) for use in TRAINING_USE_TYPES - set(terms.use_types))
    return {
        "granted": tuple(_granted(terms)),
        "brief": (_("Any frame or sound"), *others, _("Any other production")),
    }


def _granted(terms: Terms) -> Iterator[Grant]:
    runs, days = terms.scope.runs_max or 0, terms.window.days or 0
    much = [
        ngettext("%(n)s run", "%(n)s runs", runs) % {"n": figure(runs)},
        ngettext("%(days)s day", "%(days)s days", days) % {"days": figure(days)},
    ]
    for use in terms.use_types:
        yield Grant(words.use_words(str(use)), ", ".join(much))
    parts = and_list([words.construct_words(str(one)) for one in terms.constructs])
    places = and_list([words.country(one) for one in terms.render_territory])
    yield Grant(parts[:1].upper() + parts[1:], _("On machines in %(places)s") % {"places": places})
    if terms.tools.models_allowed:
        yield Grant(_("These models alone"), ", ".join(terms.tools.models_allowed))
