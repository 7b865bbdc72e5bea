"""The support desk: every table to look at and none to change, for who runs this server and proved it twice.

Django's admin with a lock on it. What a row holds that is a secret, or leads to a person's captures, is not shown at
all; each row that is opened stands in the audit trail. Tables with a composite key Django's admin cannot show.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from django.apps import apps
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.db.models import CompositePrimaryKey, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from accounts.presence import STRONG, factors_of, presence_of
from accounts.selectors import principal_of_session
from audit.services import record

if TYPE_CHECKING:  # generic to the checker alone
    _Paginator = Paginator[Any]
    _ModelAdmin = ModelAdmin[Any]
else:
    _Paginator, _ModelAdmin = Paginator, ModelAdmin

PACKAGES: Final = (
    "accounts", "audit", "common", "compliance", "licensing", "notify", "provenance", "receipts", "training", "watermarking",
)  # fmt: skip
_ROWS_COUNTED: Final = 10_000
_NEVER_SHOWN: Final = (
    "password", "secret", "sealed", "digest", "private", "location_uri", "session", "user_key", "credential_data",
)  # fmt: skip


def _may_support(request: HttpRequest) -> bool:
    principal = principal_of_session(request)
    if principal is None or not principal.person.is_active:
        return False
    if principal.organisation.kind != Organisation.Kind.OPERATOR or not principal.is_role("ADMIN"):
        return False
    presence = presence_of(request)
    proofs, admitted_by = {method for method, _at in presence.proofs}, presence.admitted_by
    return factors_of(principal.person, admitted_by=admitted_by).has_second and not STRONG.isdisjoint(proofs)


class SupportSite(AdminSite):
    """An admin that asks for an operator's administrator with a second factor, and answers 404 to others."""

    site_header = _("Support: read only")
    site_title = _("Support")
    index_title = _("Tables")
    site_url = "/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the reader runs this server, here and now, and signed in with a second factor; asked once a page."""
        known: bool | None = getattr(request, "may_support", None)
        if known is None:
            known = request.may_support = _may_support(request)  # type: ignore[attr-defined]
        return known

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Strangers sign in at the portal; who is signed in and may not see this learns nothing of it."""
        if request.user.is_authenticated:
            raise Http404
        return redirect_to_login(reverse("support:index"), reverse("account_login"))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> NoReturn:
        """Passwords are changed in the portal."""
        raise Http404


class CountedPaginator(_Paginator):
    """Pages of a table of any size: beyond 10,000 rows nobody counts."""

    @cached_property
    def count(self) -> int:
        """How many rows, or 10,000 where there are more."""
        return len(cast("QuerySet[Model]", self.object_list).values_list("pk")[:_ROWS_COUNTED])


class ReadOnly(_ModelAdmin):
    """A table to look at: no row is added, changed or deleted here, by anybody."""

    list_per_page = 50
    show_full_result_count = False
    paginator = CountedPaginator
    ordering = ("-pk",)
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Who is let in may look."""
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """As above, for the list of tables."""
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes."""
        return False

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """The first plain columns, by which a row is known."""
        return shown_columns(self.model)[:6]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Every column but secrets and what leads to captures."""
        return shown_columns(self.model)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """All that is shown."""
        return shown_columns(self.model)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one row, and write down that it was looked at."""
        answer = super().change_view(request, object_id, form_url, extra_context)
        if answer.status_code == 200:
            record(
                kind="support.read",
                principal=principal_of_session(request),
                object_type=self.model._meta.label_lower[:60],
                object_id=object_id[:64],
            )
        return answer


def shown_columns(model: type[Model]) -> tuple[str, ...]:
    """The columns of a table that support may see, in their order."""
    return tuple(
        field.name
        for field in model._meta.concrete_fields
        if not any(word in field.name for word in _NEVER_SHOWN)
    )


def is_shown(model: type[Model]) -> bool:
    """Whether Django's admin can show the table."""
    return not isinstance(model._meta.pk, CompositePrimaryKey) and not model._meta.abstract


site = SupportSite(name="support")
for package in PACKAGES:
    for table in apps.get_app_config(package).get_models():
        if is_shown(table):
            site.register(table, ReadOnly)
