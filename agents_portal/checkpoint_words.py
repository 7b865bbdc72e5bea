"""Checkpoints that wait, in the words of a licence's page: who has said yes, who must still, and what stands before."""

from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents_portal.words import and_list
from licensing.selectors import Barrier, CheckpointState, LicenceDetail

_NAMES: Final = {
    "ROLE": gettext_lazy("The role"),
    "SCRIPT": gettext_lazy("The script"),
    "FINAL": gettext_lazy("The finished work"),
}
_SIDES: Final = {
    "TALENT": gettext_lazy("the talent"),
    "AGENT": gettext_lazy("the agent"),
    "GUARDIAN": gettext_lazy("the guardian"),
}
_BARRIERS: Final = {
    Barrier.ENDED: gettext_lazy("The licence has ended: nobody’s yes is awaited any more."),
    Barrier.PAUSED: gettext_lazy("It waits while the licence is paused."),
    Barrier.ORDER: gettext_lazy("It comes after role and script: they are let pass first."),
}


def checkpoint_lines(detail: LicenceDetail) -> list[dict[str, Any]]:
    """The checkpoints that a licence waits for: name, yeses that were said, and who, or what, is still awaited.

    ``is_next``: nothing stands before it.
    """
    if not detail.is_whole:
        return []
    return [
        {
            "name": _NAMES[one.checkpoint],
            "agreed": one.agreed,
            "awaited": _awaited(one) if one.barrier is None else str(_BARRIERS[one.barrier]),
            "is_next": one.barrier is None,
        }
        for one in detail.open_checkpoints
    ]


def _awaited(state: CheckpointState) -> str:
    if not state.awaited:
        return ""
    if "SIGNER" in state.awaited:
        return _("Signers who must still say yes: %(n)s") % {"n": state.short_of}
    names = [str(_SIDES[side]) for side in state.awaited]
    if len(names) > state.short_of:
        return _("Still awaited: %(one)s or %(other)s") % {"one": names[0], "other": names[1]}
    return _("Still awaited: %(names)s") % {"names": and_list(names)}
