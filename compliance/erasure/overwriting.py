"""What is erased by another value in its place: what people are found by cannot be sealed.

Rows that may change are changed, their history with them; rows that are nothing but a way to reach a person go.
Append-only rows are not touched: what they say of a person is sealed under the person's key. One kind is closed here:
texts of a production that were sealed before the person was licensed in it, or that name the person.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import JSONField, Model, Q, TextField
from django.db.models.functions import Cast

from accounts.models import ApiCredential, Membership, Organisation, PasswordLetter, SignInLink, User
from common import clock
from common.models import IdempotencyRecord
from common.storage import blobs
from compliance.erasure.people import Person
from compliance.models import Audience, Bundle, BundleState
from licensing.models import (
    GuildMember,
    LicenceRequest,
    LicenceToken,
    Mandate,
    RequestDraft,
    RollRefusal,
    Talent,
    VaultConstruct,
    VisibilityRule,
)
from notify.models import Choice, Letter
from provenance.graph.services.closing import close_texts_about
from trustcore.policy.vocabulary import Visibility
from verification.models import Verification
from watermarking.models import MarkDetection

NOBODY = "Erased person"
WITHDRAWN = "SUBJECT_ERASED"
# JSON that is looked through for the person's ids and names: the row says nothing else of whom it is about
_SHORTEST = 5


def overwrite(person: Person) -> Counter[str]:
    """Erase what is erased by another value; returns rows by table.

    MUST be called inside a transaction in which the person's keys are destroyed already: a trigger asks for that.
    """
    done: Counter[str] = Counter()
    known_to = _houses(person)  # before seats and mandates end
    names = [one for one in person.names if len(one) >= _SHORTEST]
    if person.talent is not None:
        _talent(person.talent, names, done)
    if person.organisation is not None:
        _organisation(person.organisation, done)
    if person.user is not None:
        _user(person.user, done)
    _mentions(map(str, person.subjects), None, done)
    _mentions(names, known_to, done)
    return done


def _talent(talent: Talent, names: Sequence[str], done: Counter[str]) -> None:
    said = {
        "stage_name": NOBODY, "handle": f"erased-{talent.pk.hex}", "majority_on": None, "died_on": None,
    }  # fmt: skip
    _change(done, Talent.objects.filter(pk=talent.pk), **said)
    _change(done, Talent.history.filter(id=talent.pk), **said, history_change_reason=None)
    where = {"location_uri": "erased:"}
    _change(done, VaultConstruct.objects.filter(talent=talent), **where)
    _change(done, VaultConstruct.history.filter(talent_id=talent.pk), **where)
    done["provenance_sealedtext"] += close_texts_about(talent.pk, names)
    nobody = hashlib.sha256(os.urandom(32)).hexdigest()
    _change(done, GuildMember.objects.filter(talent=talent), number_digest=nobody)
    _change(done, Mandate.objects.filter(talent=talent, revoked_at=None), revoked_at=clock.now())
    _change(done, VisibilityRule.objects.filter(talent=talent), level=str(Visibility.HIDDEN), listed_ids=[])
    _delete(done, VisibilityRule.organisations.through.objects.filter(visibilityrule__talent=talent))
    # a file for one organisation alone holds what the parties wrote to each other
    mine = LicenceToken.objects.filter(talent=talent).values("production_id")
    ready = Bundle.objects.filter(production_id__in=mine, audience=Audience.OWN, state=BundleState.READY)
    _change(done, ready, state=BundleState.FAILED, failure_code=WITHDRAWN, touched_at=clock.now())
    transaction.on_commit(drop_withdrawn_files)


def drop_withdrawn_files() -> int:
    """Delete the files of bundles that were withdrawn; what a crash has left is deleted when it is called again."""
    waiting = list(Bundle.objects.filter(failure_code=WITHDRAWN).exclude(blob=""))
    for bundle in waiting:
        blobs().delete(bundle.blob)
        Bundle.objects.filter(pk=bundle.pk).update(blob="")
    return len(waiting)


def _organisation(house: Organisation, done: Counter[str]) -> None:
    said: dict[str, Any] = {"name": NOBODY, "slug": f"erased-{house.pk.hex}", "external_ids": {}}
    _change(done, Organisation.objects.filter(pk=house.pk), **said)
    _change(done, Organisation.history.filter(id=house.pk), **said, history_change_reason=None)


def _user(user: User, done: Counter[str]) -> None:
    now = clock.now()
    for membership in Membership.objects.filter(user=user, ended_at=None):
        membership.ended_at = now
        membership.save(update_fields=["ended_at"])
        done["accounts_membership"] += 1
    _delete(done, EmailAddress.objects.filter(user=user))
    _delete(done, Authenticator.objects.filter(user=user))
    _delete(done, SocialAccount.objects.filter(user=user))
    _delete(done, PasswordLetter.objects.filter(email__iexact=user.email))
    _delete(done, LogEntry.objects.filter(user=user))
    _delete(done, Letter.objects.filter(person=user))
    _delete(done, Choice.objects.filter(person=user))
    nowhere = f"erased-{user.pk.hex}@erased.invalid"
    _change(
        done, SignInLink.objects.filter(Q(email__iexact=user.email) | Q(user_key=user.pk)),
        email=nowhere, full_name=NOBODY, sealed=None, mail_due_at=None,
    )  # fmt: skip
    _change(done, ApiCredential.objects.filter(created_by=user), name="erased", networks=[])
    for session in Session.objects.all().iterator():
        if str(session.get_decoded().get("_auth_user_id", "")) == str(user.pk):
            session.delete()
            done["django_session"] += 1
    _change(
        done, User.objects.filter(pk=user.pk), email=nowhere, full_name=NOBODY, is_active=False, language="",
        time_zone="UTC", last_login=None, password=make_password(None),
    )  # fmt: skip


def _houses(person: Person) -> frozenset[UUID]:
    """Organisations that ever had to do with the person: seats, mandates, requests, and the person's own."""
    found = {person.organisation.pk} if person.organisation is not None else set()
    if person.user is not None:
        found |= set(Membership.objects.filter(user=person.user).values_list("organisation_id", flat=True))
    if person.talent is not None:
        found |= set(Mandate.objects.filter(talent=person.talent).values_list("agency_id", flat=True))
        asked = LicenceRequest.objects.filter(talent=person.talent)
        found |= set(asked.values_list("licensee_id", flat=True))
        found |= set(GuildMember.objects.filter(talent=person.talent).values_list("guild_id", flat=True))
    return frozenset(found)


def _mentions(words: Iterable[str], houses: frozenset[UUID] | None, done: Counter[str]) -> None:
    """Rows that may change and name the person somewhere in what was typed or told.

    A name may be another's, and how often it is said elsewhere is nobody's to learn: it is looked for only in rows of
    ``houses``. Ids (None) are looked for everywhere.
    """
    for word in words:
        said = _saying(IdempotencyRecord, "answer", word)
        _delete(done, said if houses is None else said.filter(_answered_in(houses)))
        for rows, change in (
            (_saying(Letter, "facts", word), None),
            (_saying(RequestDraft, "body", word), {"title": "", "body": {}}),
            (Verification.objects.filter(file_name__icontains=word), {"file_name": "erased"}),
            (MarkDetection.objects.filter(file_name__icontains=word), {"file_name": "erased"}),
        ):
            mine = rows if houses is None else rows.filter(organisation__in=houses)
            if change is None:
                _delete(done, mine)
            else:
                _change(done, mine, **change)
        cells = RollRefusal.objects.filter(cell__icontains=word)
        _change(done, cells if houses is None else cells.filter(roll__guild__in=houses), cell="")


def _answered_in(houses: frozenset[UUID]) -> Q:
    """Callers that act for one of the houses (:attr:`~accounts.principals.Principal.caller`)."""
    made = ApiCredential.objects.filter(organisation__in=houses).values_list("pk", flat=True)
    mine = Q(caller__in=[f"key:{one}" for one in made])
    for house in houses:
        mine |= Q(caller__endswith=f":{house}")
    return mine


def _saying(table: type[Model], column: str, word: str) -> Any:
    field = table._meta.get_field(column)
    rows: Any = table._default_manager.all()
    if isinstance(field, JSONField):
        return rows.annotate(said=Cast(column, TextField())).filter(said__icontains=word)
    return rows.filter(**{f"{column}__icontains": word})


def _change(done: Counter[str], rows: Any, **values: Any) -> None:
    done[rows.model._meta.db_table] += rows.update(**values)


def _delete(done: Counter[str], rows: Any) -> None:
    _, by_table = rows.delete()
    for label, count in by_table.items():
        app, _, name = label.partition(".")
        done[f"{app}_{name.lower()}"] += count
