"""Letters of a request that was handed up, and of held frames: what was asked, and what was decided."""

from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext as _

from notify.saying import Said, Wording


def _escalated(said: Said) -> Wording:
    return Wording(
        _("Yours to decide: %(talent)s in %(production)s") % said,
        _("%(other)s left the request for %(talent)s in %(production)s to the talent.") % said,
        (
            _("Answer by %(when)s.") % {"when": said.moment("answer_by")},
            _("If nobody answers, the answer is no."),
        ),
        _("Answer it"),
        said["path"],
    )


def _release_asked(said: Said) -> Wording:
    return Wording(
        _("Held frames are asked for: %(talent)s in %(production)s") % said,
        _("%(licensee)s asks to let go what was rendered under a licence that ended.") % said,
        (_("Nothing goes out unless you say so."),),
        _("Read why, and decide"),
        said["path"],
    )


def _release_granted(said: Said) -> Wording:
    return Wording(
        _("Let go: held frames of %(talent)s in %(production)s") % said,
        _("What was rendered under licence %(short_id)s may be released after all.") % said,
        (_("The licence stays ended: no new frame is rendered."),),
        _("Open the licence"),
        said["path"],
    )


def _release_refused(said: Said) -> Wording:
    return Wording(
        _("Frames stay held: %(talent)s in %(production)s") % said,
        _("What was rendered under licence %(short_id)s does not go out.") % said,
        (_("The reason stands with the licence."),),
        _("Read the reason"),
        said["path"],
    )


FURTHER: Final[dict[str, Callable[[Said], Wording]]] = {
    "request.escalated": _escalated,
    "licence.release_asked": _release_asked,
    "licence.release_granted": _release_granted,
    "licence.release_refused": _release_refused,
}
