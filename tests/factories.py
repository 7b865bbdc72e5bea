"""Rows for tests, made through the services wherever there is one: small functions, real parts.

A *desk* is a person acting for an organisation (:class:`~accounts.principals.Principal`); a *key* is an API
credential with its proof key. Each call makes something new; pass what should be shared.

    >>> token, credential, proof_key = make_live_token()          # doctest: +SKIP
    >>> client.get("/api/v1/tokens", headers=bearer(credential))  # doctest: +SKIP
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from accounts.models import ApiCredential, Membership, Organisation, Scope, User
from accounts.principals import Principal, principal_of_person
from accounts.services import add_member, create_api_credential
from common import clock
from licensing import services
from licensing.models import (
    LicenceRequest,
    LicenceToken,
    Mandate,
    Production,
    ProfileAdoption,
    ProfileSignOff,
    Talent,
)
from licensing.services import LicenceAsk, TrainingAsk
from trustcore.policy.profiles import catalogue, profile_hash
from trustcore.signing import public_jwk

_numbers = count(1)
DESCRIPTION = (
    "Her face on the 1998 scenes of Ada Merrow in sequences 041 to 047, and her voice for fourteen "
    "corrected lines in those scenes."
)


def signed_in(user: User, *, seconds_ago: float = 0.0, method: str = "password", **told: Any) -> Client:
    """A browser in which ``user`` signed in some seconds ago (by password, and with no second step)."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    session["account_authentication_methods"] = [{"method": method, "at": time.time() - seconds_ago, **told}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def make_user(full_name: str = "", *, email: str = "", password: str | None = None) -> User:
    """A person; without ``password`` nobody can sign in as them (and no time is spent on hashing)."""
    number = next(_numbers)
    return User.objects.create_user(
        email or f"person{number}@example.test", password, full_name=full_name or f"Person {number}"
    )


def make_organisation(kind: str, name: str = "") -> Organisation:
    """A party of the kind ``STUDIO``, ``AGENCY``, ``GUILD``, ``VENDOR`` or ``TALENT``."""
    number = next(_numbers)
    return Organisation.objects.create(
        kind=kind, name=name or f"{kind.title()} {number}", slug=f"{kind.lower()}-{number}"
    )


def make_studio(name: str = "") -> Organisation:
    """A studio."""
    return make_organisation("STUDIO", name)


def make_agency(name: str = "") -> Organisation:
    """A talent agency."""
    return make_organisation("AGENCY", name)


def make_vendor(name: str = "") -> Organisation:
    """A VFX vendor."""
    return make_organisation("VENDOR", name)


def make_guild(name: str = "") -> Organisation:
    """A guild."""
    return make_organisation("GUILD", name)


def make_desk(organisation: Organisation, role: str, user: User | None = None) -> Principal:
    """A person with ``role`` in ``organisation``, acting for it."""
    user = user or make_user()
    add_member(organisation=organisation, user=user, role=role)
    desk = principal_of_person(user, organisation.pk)
    assert desk is not None
    return desk


def sign_off(organisation: Organisation, profile: str) -> ProfileSignOff:
    """Counsel of ``organisation`` signs a compliance profile off, as its text stands now."""
    counsel = make_desk(organisation, Membership.Role.LEGAL)
    return services.sign_off_profile(
        principal=counsel, profile=profile, profile_hash_read=profile_hash(catalogue()[profile])
    )


def adopt_profile(desk: Principal, profile: str) -> ProfileAdoption:
    """Counsel of the desk's organisation signs a profile off, and ``desk`` brings it into force."""
    signed = sign_off(desk.organisation, profile)
    return services.adopt_profile(principal=desk, profile=profile, profile_hash_read=signed.profile_hash)


def make_producer(studio: Organisation) -> Principal:
    """A producer of ``studio``: asks, accepts, withdraws."""
    return make_desk(studio, Membership.Role.PRODUCER)


def make_agent(agency: Organisation) -> Principal:
    """An agent of ``agency``."""
    return make_desk(agency, Membership.Role.AGENT)


def make_credential(
    organisation: Organisation,
    *,
    scopes: Iterable[str] = tuple(Scope.values),
    created_by: User | None = None,
    has_proof_key: bool = True,
) -> tuple[ApiCredential, Ed25519PrivateKey]:
    """An API key with its proof key; its ``Authorization`` header is :func:`bearer` of it."""
    proof_key = Ed25519PrivateKey.generate()
    maker = created_by or make_desk(organisation, Membership.Role.PRODUCER).person
    credential, secret = create_api_credential(
        organisation=organisation,
        created_by=maker,
        name="farm",
        scopes=scopes,
        expires_at=clock.now() + timedelta(days=3650),
        proof_jwk=public_jwk(proof_key.public_key()) if has_proof_key else None,
    )
    credential.secret = secret  # type: ignore[attr-defined]  # shown once, kept here for the test
    return credential, proof_key


def bearer(credential: ApiCredential) -> dict[str, str]:
    """The header that an API key of :func:`make_credential` speaks with."""
    return {"Authorization": f"Bearer {credential.secret}"}  # type: ignore[attr-defined]


def desk_of_key(credential: ApiCredential) -> Principal:
    """An API key as a caller."""
    return Principal(
        organisation=credential.organisation,
        person=credential.created_by,
        credential=credential,
        scopes=frozenset(credential.scopes),
    )


def desk_of_talent(talent: Talent) -> Principal:
    """The talent in person."""
    assert talent.user is not None
    desk = principal_of_person(talent.user, talent.organisation_id)
    assert desk is not None
    return desk


def make_talent(
    name: str = "",
    *,
    visibility: str = "LISTED",
    listed_to: Iterable[Organisation] = (),
    constructs: Iterable[str] = ("FACE_3D", "VOICE_SPEAKING"),
) -> Talent:
    """A person with a vault who represents themselves until :func:`make_mandate` says otherwise."""
    number = next(_numbers)
    organisation = make_organisation("TALENT", name)
    user = make_user(name or f"Talent {number}")
    desk = make_desk(organisation, Membership.Role.TALENT, user)
    talent = services.register_talent(
        principal=desk,
        organisation=organisation,
        stage_name=name or f"Talent {number}",
        handle=f"talent-{number}",
        user=user,
    )
    for kind in constructs:
        services.add_construct(
            principal=desk,
            talent=talent,
            kind=kind,
            sha256=f"{number:064x}",
            location_uri=f"vault://{talent.handle}/{kind}",
        )
    services.set_visibility(principal=desk, talent=talent, level=visibility, organisations=listed_to)
    return talent


def make_mandate(
    talent: Talent,
    agent: Principal,
    *,
    mode: str = "AGENT_WITHIN_MANDATE",
    use_types: Iterable[str] = ("FACE_RENDER", "VOICE_RENDER"),
    named: bool = True,
    **further: Any,
) -> Mandate:
    """The talent lets the agent (``named``) or every agent of that agency decide."""
    shown = services.preview_representation(
        principal=desk_of_talent(talent), talent=talent, agency=agent.organisation
    )
    return services.grant_mandate(
        effect_hash=shown.effect_hash,
        principal=desk_of_talent(talent),
        talent=talent,
        agency=agent.organisation,
        agent=agent.person if named else None,
        mode=mode,
        use_types=use_types,
        **further,
    )


def make_production(studio: Organisation | None = None, *, guild: Organisation | None = None) -> Production:
    """A production of ``studio``."""
    studio = studio or make_studio()
    return services.register_production(
        principal=make_producer(studio),
        title=f"The Glass Meridian {next(_numbers)}",
        kind="PRODUCTION",
        guild=guild.slug if guild else "",
    )


def make_ask(production: Production, talent: Talent, **changes: Any) -> LicenceAsk:
    """An ordinary ask: face and voice, 90 days, 3,000 frames, 20 lines, three countries."""
    ask = LicenceAsk(
        production_id=production.pk,
        talent=talent.handle,
        use_types=("FACE_RENDER", "VOICE_RENDER"),
        constructs=("FACE_3D", "VOICE_SPEAKING"),
        replica_class="EMPLOYMENT_BASED_DIGITAL_REPLICA",
        description=DESCRIPTION,
        days=90,
        frames_max=3000,
        lines_max=20,
        render_territory=("US", "CA", "GB"),
        distribution_territory=("US", "CA", "GB"),
        channels=("THEATRICAL", "SVOD"),
        compensation={"basis": "FLAT", "currency": "USD", "amount_minor": 1_245_000},
    )
    return replace(ask, **changes)


def make_training_ask(of: Any) -> TrainingAsk:
    """An ask to train on the talent of ``of`` (a request, or a cast) in its production."""
    return TrainingAsk(
        production_id=of.production.pk,
        talent=of.talent.handle,
        use_types=("TRAINING_REPLICA",),
        constructs=("FACE_3D",),
        replica_class="EMPLOYMENT_BASED_DIGITAL_REPLICA",
        description="Fit one face model of this performer for sequences 041 to 047 of this film.",
        days=60,
        runs_max=2,
        render_territory=("US",),
        distribution_territory=("US",),
        channels=("THEATRICAL",),
    )


def make_submitted_request(
    production: Production | None = None,
    talent: Talent | None = None,
    *,
    producer: Principal | None = None,
    **changes: Any,
) -> LicenceRequest:
    """A request that waits for an answer; a new talent comes with an agency and a named agent."""
    production = production or make_production()
    if talent is None:
        talent = make_talent()
        make_mandate(talent, make_agent(make_agency()))
    producer = producer or make_producer(production.organisation)
    return services.submit_request(principal=producer, ask=make_ask(production, talent, **changes))


def decider_of(request: LicenceRequest) -> Principal:
    """Somebody who may answer ``request``: the agent under the mandate, or the talent."""
    mandate = request.mandate
    if mandate is None:
        return desk_of_talent(request.talent)
    if mandate.agent is None:
        return make_agent(mandate.agency)
    desk = principal_of_person(mandate.agent, mandate.agency_id)
    assert desk is not None
    return desk


def approve(request: LicenceRequest) -> LicenceToken:
    """Approve ``request`` as it stands; for one that needs a single answer."""
    assert request.current is not None
    token = services.approve_request(
        principal=decider_of(request), request_id=request.pk, terms_hash=request.current.terms_hash
    )
    assert token is not None
    return token


def make_live_token(
    production: Production | None = None,
    talent: Talent | None = None,
    *,
    vendors: Iterable[Organisation] = (),
    credential_of: Organisation | None = None,
    **changes: Any,
) -> tuple[LicenceToken, ApiCredential, Ed25519PrivateKey]:
    """An active licence, and an API key of its licensee (or of ``credential_of``) with its proof key.

    ``changes`` go into the ask: ``days=1, frames_max=10, shots=("0410_0020",)``.
    """
    slugs = tuple(vendor.slug for vendor in vendors)
    request = make_submitted_request(production, talent, vendors=slugs, **changes)
    token = approve(request)
    credential, proof_key = make_credential(credential_of or token.licensee)
    return token, credential, proof_key


def minted(jti: UUID, credential: ApiCredential) -> str:
    """The short-lived token of a live licence for ``credential``, as its heartbeat gives it."""
    jws = services.heartbeat_token(principal=desk_of_key(credential), jti=jti).jws
    assert jws is not None
    return jws
