"""Letters of training rights and of outputs in words."""

from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext as _

from notify.saying import Said, Wording


def _training(
    subject: Callable[[], str], lead: Callable[[], str], *, is_asked: bool = False
) -> Callable[[Said], Wording]:
    def write(said: Said) -> Wording:
        rest = (
            _("Only the talent answers, or who speaks for them by a document on file."),
            _("Answer by %(when)s. If nobody answers, the answer is no.")
            % {"when": said.moment("answer_by")},
        )
        return Wording(
            subject() % said,
            lead() % said,
            rest if is_asked else (),
            _("Open the training request"),
            said["path"],
        )

    return write


def _held(said: Said) -> Wording:
    return Wording(
        _("Held: %(file)s of %(production)s") % said,
        _("The output %(file)s of %(production)s is held. It is not released.") % said,
        (_("Why: %(codes)s.") % said,),
        _("Open the production"),
        said["path"],
    )


TRAINING: Final[dict[str, Callable[[Said], Wording]]] = {
    "training.requested": _training(
        lambda: _("%(licensee)s asks to train on %(talent)s for %(production)s"),
        lambda: _("%(licensee)s asks to train on %(talent)s for %(production)s, and your answer is needed."),
        is_asked=True,
    ),
    "training.issued": _training(
        lambda: _("Training agreed: %(talent)s for %(production)s"),
        lambda: _("Training on %(talent)s for %(production)s was agreed to. It covers no render."),
    ),
    "training.declined": _training(
        lambda: _("Training declined: %(talent)s for %(production)s"),
        lambda: _("Training on %(talent)s for %(production)s was declined. Nothing is granted."),
    ),
    "training.withdrawn": _training(
        lambda: _("Withdrawn: training on %(talent)s for %(production)s"),
        lambda: _("%(licensee)s took its training request for %(production)s back. Nothing is granted."),
    ),
    "training.lapsed": _training(
        lambda: _("Nobody answered: training on %(talent)s for %(production)s"),
        lambda: _("The time for the training request for %(production)s is over. Nothing is granted."),
    ),
    "training.revoked": _training(
        lambda: _("Training ended: %(talent)s for %(production)s"),
        lambda: _("Training on %(talent)s for %(production)s has ended. Every run is refused from now on."),
    ),
}
OUTPUTS: Final[dict[str, Callable[[Said], Wording]]] = {"asset.held": _held}
