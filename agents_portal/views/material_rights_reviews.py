"""Rights records whose day has come: what waits for counsel, and counsel's answer (TP-103)."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal import material_words as say
from agents_portal.access import PortalRequest
from agents_portal.forming import carried_out
from agents_portal.forms.material import RightsReviewForm
from agents_portal.paging import page_after
from agents_portal.views.material import material_page, tabs
from agents_portal.words import Badge
from common import clock
from training.models import RightsReview
from training.seats import is_counsel
from training.selectors.rights import current_rights
from training.selectors.rights_reports import rights_reviews_of
from training.services.rights_reviews import answer_rights_review
from training.vocabulary import RightsReviewAnswer


@material_page
@require_GET
def rights_reviews_page(request: PortalRequest) -> HttpResponse:
    """What waits for counsel, the newest first; ``tab=answered`` shows what was answered."""
    is_answered = request.GET.get("tab") == "answered"
    rows = rights_reviews_of(request.principal)
    rows = rows.exclude(answer="") if is_answered else rows.filter(answer="")
    after = request.GET.get("after", "")
    page = page_after(rows, after)
    query = {"tab": "answered"} if is_answered else {}
    return render(
        request,
        "portal/material_rights_reviews.html",
        {
            "tabs": tabs("portal-material-rights-reviews"),
            "rows": [{"review": one, "badge": _badge(one)} for one in page.rows],
            "is_answered": is_answered,
            "more": f"?{urlencode({**query, 'after': page.after})}" if page.after else "",
            "first": (f"?{urlencode(query)}" if query else request.path) if after else "",
        },
    )


@material_page
@require_http_methods(["GET", "POST"])
def rights_review_page(request: PortalRequest, review_id: UUID) -> HttpResponse:
    """One record that is looked at again: what it grants, what is held under it, and counsel's answer."""
    review = rights_reviews_of(request.principal).filter(pk=review_id).first()
    if review is None:
        raise Http404
    form = RightsReviewForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if not is_counsel(request.principal):
            raise PermissionDenied
        if carried_out(form, lambda: _answer(request, review, form)):
            return redirect("portal-material-rights-review", review.pk)
    rights = review.rights
    standing = current_rights([rights.source_id], at=clock.now()).get(rights.source_id)
    now = standing if standing is not None and standing.rights.pk == rights.pk else None
    return render(
        request,
        "portal/material_rights_review.html",
        {
            "review": review,
            "rights": rights,
            "source": rights.source,
            "badge": _badge(review),
            "rights_badge": say.rights_badge(now) if now else None,
            "columns": say.columns(now) if now else None,
            "checks": say.check_lines(rights),
            "form": form,
            "may_answer": not review.answer and is_counsel(request.principal),
        },
        status=422 if form.errors else 200,
    )


def _answer(request: PortalRequest, review: RightsReview, form: RightsReviewForm) -> Any:
    return answer_rights_review(principal=request.principal, review_id=review.pk, **form.cleaned_data)


def _badge(one: RightsReview) -> Badge:
    if one.answer == RightsReviewAnswer.KEEP:
        return Badge("circle-check", _("It stands"), "permit")
    if one.answer == RightsReviewAnswer.END:
        return Badge("ban", _("It ends"), "deny")
    if one.due_on < clock.now().date():
        return Badge("clock-alert", _("Overdue"), "expire")
    return Badge("circle-pause", _("Waits for counsel"), "unsure")
