"""What a talent says in advance: what goes without asking, what may go on after death, who is paid."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal import words
from agents_portal.access import TALENT, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.bounds import limits_in_words
from agents_portal.forming import FormPage, Part, carried_out, show_form
from agents_portal.forms.own_word import AfterDeathForm, PayeeForm, RuleForm
from agents_portal.views.people import mine, spoken_for
from agents_portal.words import and_list
from common import clock
from licensing.models import Talent
from licensing.selectors import RuleLine, last_instructions, rules_page
from licensing.services import end_auto_rule, instruct, set_auto_rule


@portal_page(TALENT)
@require_GET
def rules_list_page(request: PortalRequest) -> HttpResponse:
    """Show what the reader said in advance, with a way to change each."""
    talent = _chosen(request)
    if talent is None:
        return render(request, "portal/rules.html", {"talent": None})
    after = request.GET.get("after", "")
    rules, more = rules_page(talent.pk, after=after)
    said = last_instructions(talent.pk)
    return render(
        request,
        "portal/rules.html",
        {
            "talent": talent,
            "is_me": talent.user_id == request.principal.person.pk,
            "rows": [_row(rule) for rule in rules],
            "more": f"?after={more}" if more else "",
            "first": reverse("portal-rules") if after else "",
            "after_death": _after_death_words(said["POST_MORTEM"].body) if "POST_MORTEM" in said else "",
            "after_death_at": said["POST_MORTEM"].at if "POST_MORTEM" in said else None,
            "payee": said["PAYEE"].body.get("payee", "") if "PAYEE" in said else "",
            "payee_at": said["PAYEE"].at if "PAYEE" in said else None,
        },
    )


@portal_page(TALENT)
@require_http_methods(["GET", "POST"])
def new_rule_page(request: PortalRequest, talent_id: UUID) -> HttpResponse:
    """Let something go without asking, inside limits."""
    talent = spoken_for(request, talent_id)
    form = RuleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and carried_out(
        form, lambda: set_auto_rule(principal=request.principal, talent=talent, **form.rule())
    ):
        messages.success(
            request, _("What lies inside this is granted without asking you."), extra_tags="permit"
        )
        return redirect("portal-rules")
    return show_form(
        request,
        FormPage(
            title=_("Let something go without asking"),
            lead=_("A request that lies wholly inside is granted at once. Anything beyond comes to you, or your agent."),
            verb=_("Make this rule"),
            back=reverse("portal-rules"),
            back_words=_("Said in advance"),
            parts=(
                Part(_("What"), ("use_types", "constructs", "replica_classes")),
                Part(_("How much, at most"), ("frames_max", "lines_max", "days_max", "fee_least", "currency")),
                Part(_("Where"), ("channels", "render_territory", "distribution_territory", "shown_until")),
                Part(_("For whom, and how long"), ("licensees", "vendors", "first_day", "last_day")),
            ),
            aside_title=_("Never without asking"),
            consequences=(
                Consequence("x", _("Training any model"), "", "deny"),
                Consequence("x", _("Words you never said"), "", "deny"),
                Consequence("x", _("Nudity, sex, or politics"), "", "deny"),
                Consequence("x", _("Anything after your death"), "", "deny"),
                Consequence("check", _("You can end the rule at any time."), _("What it granted stays granted until you stop it.")),
            ),
        ),
        form,
    )  # fmt: skip


@portal_page(TALENT)
@require_http_methods(["GET", "POST"])
def end_rule_page(request: PortalRequest, rule_id: UUID) -> HttpResponse:
    """End a rule; what it granted stays granted."""
    if request.method == "POST":
        end_auto_rule(principal=request.principal, rule_id=rule_id)
        return redirect("portal-rules")
    for talent in mine(request):
        if talent.auto_rules.filter(pk=rule_id, ended_at=None).exists():
            break
    else:
        raise Http404
    screen = Binding(
        title=_("End this rule?"),
        lead=_("From then on each such request asks you, or your agent."),
        verb=_("End the rule"),
        icon="circle-x",
        danger=True,
        back=reverse("portal-rules"),
        consequences=(
            Consequence("circle-x", _("Nothing more is granted by it."), "", "deny"),
            Consequence(
                "check", _("What it granted stays granted."), _("Stop those licences on your home page.")
            ),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen, "form": None})


@portal_page(TALENT)
@require_http_methods(["GET", "POST"])
def after_death_page(request: PortalRequest, talent_id: UUID) -> HttpResponse:
    """Say what may go on after death; the last word counts."""
    talent = spoken_for(request, talent_id)
    said = last_instructions(talent.pk).get("POST_MORTEM")
    form = AfterDeathForm(
        request.POST if request.method == "POST" else None,
        initial={
            "allowed": "yes" if said.body.get("allowed") else "no",
            "use_types": said.body.get("use_types", []),
            "text": said.body.get("text", ""),
        }
        if said
        else {"allowed": "no"},
    )
    if request.method == "POST" and carried_out(
        form,
        lambda: instruct(principal=request.principal, talent=talent, kind="POST_MORTEM", body=form.body()),
    ):
        messages.success(request, _("Your word is kept."), extra_tags="permit")
        return redirect("portal-rules")
    return show_form(
        request,
        FormPage(
            title=_("What may go on after your death?"),
            lead=_("Only you can say this, and you can say something else at any time. The last word counts."),
            verb=_("Keep my word"),
            back=reverse("portal-rules"),
            back_words=_("Said in advance"),
            parts=(Part("", ("allowed", "use_types", "text")),),
            aside_title=_("What this does"),
            consequences=(
                Consequence("circle-pause", _("Licences beyond it are held."), _("Your estate lifts the hold, or does not.")),
                Consequence("x", _("No new request is granted by it."), _("Your estate is asked."), "deny"),
                Consequence("x", _("Training ends in any case."), "", "deny"),
            ),
        ),
        form,
    )  # fmt: skip


@portal_page(TALENT)
@require_http_methods(["GET", "POST"])
def payee_page(request: PortalRequest, talent_id: UUID) -> HttpResponse:
    """Say who is paid; requests that name another payee are refused."""
    talent = spoken_for(request, talent_id)
    said = last_instructions(talent.pk).get("PAYEE")
    form = PayeeForm(
        request.POST if request.method == "POST" else None,
        initial={"payee": said.body.get("payee", "") if said else ""},
    )
    if request.method == "POST" and carried_out(
        form,
        lambda: instruct(
            principal=request.principal,
            talent=talent,
            kind="PAYEE",
            body={"payee": form.cleaned_data["payee"]},
        ),
    ):
        messages.success(request, _("Your word is kept."), extra_tags="permit")
        return redirect("portal-rules")
    return show_form(
        request,
        FormPage(
            title=_("Who is paid for you?"),
            lead=_("A request that names somebody else is refused. Money is written down here, never moved."),
            verb=_("Keep my word"),
            icon="banknote",
            back=reverse("portal-rules"),
            back_words=_("Said in advance"),
            parts=(Part("", ("payee",)),),
        ),
        form,
    )


def _chosen(request: PortalRequest) -> Talent | None:
    """The reader, or whom they speak for: ``talent`` names one of several; None: they speak for nobody."""
    people = mine(request)
    asked = request.GET.get("talent", "")
    return next((one for one in people if str(one.pk) == asked), people[0] if people else None)


def _row(rule: RuleLine) -> dict[str, Any]:
    now = clock.now()
    return {
        "rule": rule,
        "uses": words.uses_words(rule.use_types),
        "limits": limits_in_words(rule.limits),
        "for_whom": and_list(list(rule.licensees)),
        "is_live": rule.ended_at is None and rule.valid_until > now,
        "is_later": rule.valid_from > now,
    }


def _after_death_words(body: dict[str, Any]) -> str:
    if not body.get("allowed"):
        return _("Nothing may go on.")
    uses = and_list([words.use_words(use).lower() for use in body.get("use_types", [])])
    return _("These may go on: %(uses)s.") % {"uses": uses}
