"""Which open requests wait for a caller: one statement that begins at the caller and not at the requests.

Every page of the portal says the number, so it must cost little however many requests a deployment holds: each branch
starts from an index of whom it is about, and looks at no request of others. Written as SQL because composing it took
the ORM ten times as long as the database needs to answer it. The rule is that of ``requests.waiting_on`` and
``requests.sides_of``; ``tests/licensing/test_waiting.py`` holds it against them in every mode and state.
"""

import re
from typing import Any, Final

from django.db.models.expressions import RawSQL

from accounts.principals import Principal
from common import clock
from licensing.models.requests import OPEN_STATES
from trustcore.policy.vocabulary import RequestState

_NAME: Final = re.compile(r"%\((\w+)\)s")
_ANSWERABLE: Final = [str(one) for one in OPEN_STATES if one != RequestState.COUNTERED]

# whoever asked answers a counter
_LICENSEE = """
select r.id from licensing_licencerequest r where r.licensee_id = %(organisation)s and r.state = 'COUNTERED'
"""
# the mandates of `people.deciding_rows`; the lateral join keeps the planner from reading every action there is
_AGENT = """
select r.id from licensing_licencerequest r
join licensing_termsversion v on v.id = r.current_id
left join lateral (select true as given from licensing_requestaction a where a.request_id = r.id
    and a.kind = 'APPROVE' and a.side = 'AGENT' and a.terms_hash = v.terms_hash limit 1) yes on true
where r.agency_id = %(organisation)s and r.state = any(%(answerable)s)
    and r.mode in ('AGENT_WITHIN_MANDATE', 'DUAL') and yes.given is null
    and r.mandate_id in (
        select m.id from licensing_mandate m
        where m.agency_id = %(organisation)s and m.revoked_at is null and m.valid_from <= %(at)s
            and (m.valid_until is null or m.valid_until > %(at)s)
            and (m.agent_id is null or m.agent_id = %(person)s
                or m.agent_id in (select away.user_id from licensing_absence away
                    where away.stand_in_id = %(person)s and away.agency_id = %(organisation)s
                        and away.ended_at is null and away.valid_from <= %(at)s and away.valid_until > %(at)s)
                or m.id in (select d.mandate_id from licensing_delegation d
                    left join licensing_delegation u on u.id = d.parent_id
                    left join licensing_delegation w on w.id = u.parent_id
                    where d.to_user_id = %(person)s
                        and d.ended_at is null and d.valid_from <= %(at)s and d.valid_until > %(at)s
                        and (u.id is null
                            or (u.ended_at is null and u.valid_from <= %(at)s and u.valid_until > %(at)s))
                        and (w.id is null
                            or (w.ended_at is null and w.valid_from <= %(at)s and w.valid_until > %(at)s)))))
"""
_TALENT = """
select r.id from licensing_talent t
join licensing_licencerequest r on r.talent_id = t.id and r.state = any(%(answerable)s)
join licensing_termsversion v on v.id = r.current_id
left join lateral (select true as given from licensing_requestaction a where a.request_id = r.id
    and a.kind = 'APPROVE' and a.side = 'TALENT' and a.terms_hash = v.terms_hash limit 1) yes on true
where t.user_id = %(person)s and (t.died_on is null or t.died_on > %(today)s)
    and r.mode in ('TALENT_ONLY', 'DUAL', 'UNION_NOTICE') and yes.given is null
"""
_SIGNER = """
select r.id from licensing_mandatesigner s
join licensing_mandate m on m.id = s.mandate_id
join licensing_licencerequest r on r.mandate_id = m.id and r.state = any(%(answerable)s)
join licensing_termsversion v on v.id = r.current_id
cross join lateral (select count(distinct a.actor_id) as n from licensing_requestaction a
    where a.request_id = r.id and a.kind = 'APPROVE' and a.side = 'SIGNER' and a.terms_hash = v.terms_hash) yes
where s.user_id = %(person)s and m.revoked_at is null and m.valid_from <= %(at)s
    and (m.valid_until is null or m.valid_until > %(at)s)
    and r.mode = 'QUORUM' and not coalesce(yes.n >= r.quorum, false)
"""
# by the documents of `people.authorities_in_force`, of the kind that is wanted now
_GUARDIAN = """
select r.id from licensing_authority d
join licensing_talent t on t.id = d.talent_id
join licensing_licencerequest r on r.talent_id = t.id and r.state = any(%(answerable)s)
join licensing_termsversion v on v.id = r.current_id
left join lateral (select true as given from licensing_requestaction a where a.request_id = r.id
    and a.kind = 'APPROVE' and a.side = 'GUARDIAN' and a.terms_hash = v.terms_hash limit 1) yes on true
where d.user_id = %(person)s and d.ended_at is null and d.issued_on <= %(today)s
    and (d.expires_on is null or d.expires_on > %(today)s) and not (d.court_required and d.court_sha256 = '')
    and case when t.died_on <= %(today)s then d.kind = 'ESTATE_EXECUTOR'
        else t.majority_on > %(today)s and d.kind = 'GUARDIAN' end
    and r.mode = 'GUARDIAN_AND_COURT' and yes.given is null
"""


def needed_rows(principal: Principal) -> RawSQL:
    """The ids of the open requests on which one of the caller's sides must act next."""
    return RawSQL(*_statement(principal, "{}"))  # noqa: S611 - constants; what is not, is a parameter


def needed_count(principal: Principal) -> RawSQL:
    """How many they are, as an expression."""
    return RawSQL(*_statement(principal, "select count(*) from ({}) needed"))  # noqa: S611


def _statement(principal: Principal, around: str) -> tuple[str, list[Any]]:
    branches = []
    if principal.acts_as("PRODUCER", "ADMIN"):
        branches.append(_LICENSEE)
    if principal.is_role("AGENT"):
        branches.append(_AGENT)
    if principal.credential is None:
        branches += [_TALENT, _SIGNER, _GUARDIAN]
    if not branches:
        branches.append("select null::uuid where false")
    now = clock.now()
    facts = {
        "organisation": principal.organisation_id,
        "person": principal.person.pk,
        "at": now,
        "today": now.date(),
        "answerable": _ANSWERABLE,
    }
    text = around.format(" union ".join(branches))
    return _NAME.sub("%s", text), [facts[name] for name in _NAME.findall(text)]
