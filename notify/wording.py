"""Letters in words: for each kind its subject, its sentences and the page it leads to.

Facts are what the writer kept (``talent``, ``production``, ``days_left`` ...); a fact that is missing is said
as such and never makes a letter fail. Sentences are whole, for the catalogues. Nothing here is markup: the
templates escape what they show.
"""

from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.language import figure
from common.visible import one_line
from notify.further_wording import FURTHER
from notify.saying import Facts, Said, Wording
from notify.security_wording import SECURITY
from notify.work_wording import OUTPUTS, TRAINING


def wording_of(kind: str, facts: Facts) -> Wording:
    """The words for an event of ``kind``; an unknown kind is said plainly."""
    written = _WORDS.get(kind, _unknown)(Said(facts))
    return Wording(
        one_line(written.subject),
        written.lead,
        tuple(line for line in written.rest if line),
        written.act or _("Open it"),
        written.path if written.path.startswith("/") and not written.path.startswith("//") else "/",
    )


def _arrived(said: Said) -> Wording:
    return Wording(
        _("%(licensee)s asks for %(talent)s in %(production)s") % said,
        _("%(licensee)s asks for %(talent)s in %(production)s, and your answer is needed.") % said,
        (
            said.get("ask", ""),
            _("Answer by %(when)s. If nobody answers, the answer is no.")
            % {"when": said.moment("answer_by")},
        ),
        _("Read the request"),
        said["path"],
    )


def _revised(said: Said) -> Wording:
    return Wording(
        _("New terms for %(talent)s in %(production)s") % said,
        _("%(licensee)s put new terms forward. What was agreed to before counts no more.") % said,
        (
            said.get("ask", ""),
            _("Answer by %(when)s. If nobody answers, the answer is no.")
            % {"when": said.moment("answer_by")},
        ),
        _("Read the new terms"),
        said["path"],
    )


def _counter_accepted(said: Said) -> Wording:
    return Wording(
        _("%(licensee)s accepted your counter for %(talent)s") % said,
        _("%(licensee)s accepted your counter word for word. It waits for your approval.") % said,
        (_("Answer by %(when)s.") % {"when": said.moment("answer_by")},),
        _("Read it and approve"),
        said["path"],
    )


def _deadline(said: Said) -> Wording:
    return Wording(
        _("Answer by %(when)s: %(talent)s in %(production)s")
        % {
            **said,
            "when": said.moment("answer_by"),
            "talent": said["talent"],
            "production": said["production"],
        },
        _("The request for %(talent)s in %(production)s ends %(when)s.")
        % {"talent": said["talent"], "production": said["production"], "when": said.moment("answer_by")},
        (_("If nobody answers, the answer is no."),),
        _("Answer it"),
        said["path"],
    )


def _countered(said: Said) -> Wording:
    return Wording(
        _("A counter for %(talent)s in %(production)s") % said,
        _("%(other)s answered with narrower terms. You can accept them word for word, or put others forward.")
        % said,
        (_("Answer by %(when)s.") % {"when": said.moment("answer_by")},),
        _("Read the counter"),
        said["path"],
    )


def _declined(said: Said) -> Wording:
    return Wording(
        _("Declined: %(talent)s in %(production)s") % said,
        _("The request for %(talent)s in %(production)s was declined. Nothing is granted.") % said,
        (_("The reason stands with the request."),),
        _("Read the reason"),
        said["path"],
    )


def _withdrawn(said: Said) -> Wording:
    return Wording(
        _("Withdrawn: %(talent)s in %(production)s") % said,
        _("%(licensee)s took its request for %(talent)s in %(production)s back. Nothing is granted.") % said,
        (),
        _("Open the request"),
        said["path"],
    )


def _lapsed(said: Said) -> Wording:
    return Wording(
        _("Nobody answered: %(talent)s in %(production)s") % said,
        _("The time for the request for %(talent)s in %(production)s is over. Nothing is granted.") % said,
        (),
        _("Open the request"),
        said["path"],
    )


def _question(said: Said) -> Wording:
    return Wording(
        _("A question about %(talent)s in %(production)s") % said,
        _("%(other)s asked something about the request. Its words stand with the request.") % said,
        (),
        _("Read the question"),
        said["path"],
    )


def _answer(said: Said) -> Wording:
    return Wording(
        _("An answer about %(talent)s in %(production)s") % said,
        _("%(other)s answered a question about the request. The words stand with the request.") % said,
        (),
        _("Read the answer"),
        said["path"],
    )


def _issued(said: Said) -> Wording:
    return Wording(
        _("Licensed: %(talent)s in %(production)s") % said,
        _("Licence %(short_id)s for %(talent)s in %(production)s is issued, with all its terms.") % said,
        (_("It runs until %(when)s.") % {"when": said.moment("not_after")},),
        _("Open the licence"),
        said["path"],
    )


def _ends_soon(said: Said) -> Wording:
    days = said.number("days_left")
    place = {**said, "days": days, "talent": said["talent"], "production": said["production"]}
    return Wording(
        ngettext(
            "Ends in %(days)d day: %(talent)s in %(production)s",
            "Ends in %(days)d days: %(talent)s in %(production)s",
            days,
        )
        % place,
        ngettext(
            "The licence for %(talent)s in %(production)s ends in %(days)d day.",
            "The licence for %(talent)s in %(production)s ends in %(days)d days.",
            days,
        )
        % place,
        (
            _("Its last moment is %(when)s. After that every check is refused.")
            % {"when": said.moment("not_after")},
        ),
        _("Open the licence"),
        said["path"],
    )


def _expired(said: Said) -> Wording:
    return Wording(
        _("Ended: %(talent)s in %(production)s") % said,
        _("The licence for %(talent)s in %(production)s has ended. Every check is refused.") % said,
        (_("Receipts and signatures stay, and stay provable."),),
        _("Open the licence"),
        said["path"],
    )


def _quota(said: Said) -> Wording:
    return Wording(
        _("%(percent)s %% used: %(talent)s in %(production)s")
        % {"percent": said["percent"], "talent": said["talent"], "production": said["production"]},
        _("%(granted)s of %(most)s %(counter)s are given out under the licence for %(talent)s.")
        % {
            "granted": figure(said.number("granted")),
            "most": figure(said.number("most")),
            "counter": _counter(str(said["counter"])),
            "talent": said["talent"],
        },
        (_("When none are left, every check is refused."),),
        _("Open the licence"),
        said["path"],
    )


def _counter(code: str) -> str:
    return {
        "frames": _("frames"),
        "lines": _("voice lines"),
        "seconds": _("seconds"),
        "runs": _("runs"),
        "words": _("words"),
        "screen": _("frames on screen"),
    }.get(code, code)


def _overdue(said: Said) -> Wording:
    return Wording(
        _("Not acknowledged: %(talent)s in %(production)s") % said,
        _("%(debtor)s has not said in time that it stopped using licence %(short_id)s.") % said,
        (_("It was due %(when)s.") % {"when": said.moment("due_at")},),
        _("See what is due"),
        said["path"],
    )


def _revoked(said: Said) -> Wording:
    return Wording(
        _("Revoked: %(talent)s in %(production)s") % said,
        _("The licence for %(talent)s in %(production)s was revoked. Every check is refused from now on.")
        % said,
        (_frames(str(said.get("disposition", ""))), _due(said)),
        _("Open the licence"),
        said["path"],
    )


def _frames(disposition: str) -> str:
    return {
        "KEEP": _("Frames that are made already may be used."),
        "QUARANTINE": _("Frames that are made already are held: they may not leave."),
        "DESTROY_WITH_CERTIFICATE": _(
            "Frames that are made already are to be destroyed, with a certificate."
        ),
    }.get(disposition, "")


def _due(said: Said) -> str:
    if not said.get("due_at"):
        return ""
    return _("Your organisation acknowledges by %(when)s that it has stopped.") % {
        "when": said.moment("due_at")
    }


def _terminated(said: Said) -> Wording:
    return Wording(
        _("Ended: %(talent)s in %(production)s") % said,
        (
            _("The licence for %(talent)s in %(production)s ended, as its terms say: %(ended_by)s.")
            if said.get("ended_by")
            else _("The licence for %(talent)s in %(production)s ended, for its studio changed hands.")
        )
        % said,
        (_due(said),),
        _("Open the licence"),
        said["path"],
    )


def _suspended(said: Said) -> Wording:
    return Wording(
        _("Paused: %(talent)s in %(production)s") % said,
        _("The licence for %(talent)s in %(production)s is paused. Every check is refused until it goes on.")
        % said,
        (),
        _("Open the licence"),
        said["path"],
    )


def _resumed(said: Said) -> Wording:
    return Wording(
        _("Goes on: %(talent)s in %(production)s") % said,
        _("The licence for %(talent)s in %(production)s is no longer paused.") % said,
        (),
        _("Open the licence"),
        said["path"],
    )


def _stop(said: Said) -> Wording:
    count = said.number("licences")
    return Wording(
        _("Stopped: every use of %(talent)s") % said,
        _("Every use of %(talent)s is stopped.") % said,
        (
            ngettext("%(count)d licence ended.", "%(count)d licences ended.", count) % {"count": count},
            _("Every check is refused. Those who may no longer render were told at once."),
        ),
        _("See everything that happened"),
        said["path"],
    )


def _unknown(said: Said) -> Wording:
    return Wording(_("Something happened on Trustmark"), _("Open the portal to read what."), path="/")


_WORDS: Final[dict[str, Callable[[Said], Wording]]] = {
    "request.submitted": _arrived,
    "request.revised": _revised,
    "request.counter_accepted": _counter_accepted,
    "request.deadline_near": _deadline,
    "request.countered": _countered,
    "request.declined": _declined,
    "request.withdrawn": _withdrawn,
    "request.lapsed": _lapsed,
    "request.question": _question,
    "request.answer": _answer,
    "licence.issued": _issued,
    "licence.ends_soon": _ends_soon,
    "licence.expired": _expired,
    "licence.quota_low": _quota,
    "licence.revoked": _revoked,
    "licence.terminated": _terminated,
    "licence.suspended": _suspended,
    "licence.resumed": _resumed,
    "revocation.overdue": _overdue,
    "talent.emergency_stop": _stop,
    **FURTHER,
    **TRAINING,
    **OUTPUTS,
    **SECURITY,
}
