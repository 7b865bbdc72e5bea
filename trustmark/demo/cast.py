"""The demonstration's people and organisations, made through the services that a deployment uses.

A studio, an agency with two agents, three talents (one represents himself, one is hidden), a guild with an
auditor, a VFX vendor. All names are invented. Passwords are random for each deployment.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db import transaction

from accounts.models import Organisation, User
from accounts.principals import Principal
from accounts.services import add_member, create_user, register_organisation
from common import clock
from licensing.models import Talent
from licensing.services.delegations import delegate_mandate
from licensing.services.mandates import grant_mandate
from licensing.services.talents import add_construct, register_talent
from licensing.services.visibility import set_visibility
from trustmark.demo.logins import Login, read_logins, write_logins

AGENT_USES = ("FACE_RENDER", "VOICE_RENDER", "ADR", "LIP_SYNC", "DUBBING")
AGENT_LIMITS = {"frames_max": 5000, "lines_max": 60, "days_max": 120}
_MAIL = "{}@{}.example"


@dataclass(frozen=True, slots=True)
class House:
    """An organisation of the cast."""

    slug: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in; ``handle`` marks a talent."""

    key: str
    name: str
    house: str
    role: str
    time_zone: str = "America/Los_Angeles"
    handle: str = ""


HOUSES = (
    House("lanternfish", "Lanternfish Pictures", "STUDIO"),
    House("harrow-vane", "Harrow & Vane", "AGENCY"),
    House("screen-players", "Screen Players’ Guild", "GUILD"),
    House("pale-orbit", "Pale Orbit VFX", "VENDOR"),
    House("ilse-varga-thorne", "Ilse Varga-Thorne", "TALENT"),
    House("teodor-quill", "Teodor Quill", "TALENT"),
    House("wren-abernathy-sole", "Wren Abernathy-Sole", "TALENT"),
)
PEOPLE = (
    Person("producer", "Odile Marchetti", "lanternfish", "PRODUCER"),
    Person("engineer", "Tomas Brandvold", "lanternfish", "ENGINEER"),
    Person("agent", "Maren Oduya", "harrow-vane", "AGENT"),
    Person("second-agent", "Caspian Thewlis", "harrow-vane", "AGENT"),
    Person("auditor", "Ruth Okonjo-Bell", "screen-players", "AUDITOR", "America/New_York"),
    Person("vendor", "Sunniva Raske", "pale-orbit", "ENGINEER", "America/Vancouver"),
    Person("talent", "Ilse Varga-Thorne", "ilse-varga-thorne", "TALENT", handle="ilse-varga-thorne"),
    Person(
        "self-represented", "Teodor Quill", "teodor-quill", "TALENT", "Europe/London", handle="teodor-quill"
    ),
    Person("hidden", "Wren Abernathy-Sole", "wren-abernathy-sole", "TALENT", handle="wren-abernathy-sole"),
)
# Who of the talents is seen by whom and represented by the agency
REPRESENTED = ("ilse-varga-thorne", "wren-abernathy-sole")
LISTED = ("ilse-varga-thorne", "teodor-quill")


def make_cast(*, logins_file: Path) -> list[Login]:
    """Make the cast, once; later calls answer the same logins.

    Args:
        logins_file: JSON of all logins. Where it is lost everybody gets a new password.
    """
    logins = read_logins(logins_file)
    made = Organisation.objects.filter(slug=HOUSES[0].slug).exists()
    if made and logins:
        return logins
    with transaction.atomic():
        logins = [_renew(person) for person in PEOPLE] if made else _make()
        write_logins(logins_file, logins)
    return logins


def _make() -> list[Login]:
    houses = {
        house.slug: register_organisation(name=house.name, kind=house.kind, slug=house.slug)
        for house in HOUSES
    }
    people = {person.key: _join(person, houses) for person in PEOPLE}
    _open_vaults({key: principal for key, (principal, _) in people.items()}, houses)
    return [login for _, login in people.values()]


def _renew(person: Person) -> Login:
    login = _login(person)
    user = User.objects.get(email=login.email)
    user.set_password(login.password)
    user.save(update_fields=["password"])
    return login


def _login(person: Person) -> Login:
    house = next(house for house in HOUSES if house.slug == person.house)
    email = _MAIL.format(person.name.split()[0].lower(), person.house)
    return Login(person.key, person.name, house.name, person.role, email, secrets.token_urlsafe(12))


def _join(person: Person, houses: dict[str, Organisation]) -> tuple[Principal, Login]:
    house, login = houses[person.house], _login(person)
    user = create_user(
        email=login.email, full_name=person.name, password=login.password, time_zone=person.time_zone
    )
    add_member(organisation=house, user=user, role=person.role)
    return Principal(organisation=house, person=user, roles=frozenset({person.role})), login


def _open_vaults(people: dict[str, Principal], houses: dict[str, Organisation]) -> None:
    """Register the talents with their vaults, say who sees them, and grant the agency its mandates."""
    agency = houses["harrow-vane"]
    agents = [people[key] for key in ("agent", "second-agent")]
    for person in (person for person in PEOPLE if person.handle):
        principal = people[person.key]
        talent = register_talent(
            principal=principal,
            organisation=houses[person.house],
            stage_name=person.name,
            handle=person.handle,
            user=principal.person,
        )
        _fill_vault(principal, talent)
        if person.handle in LISTED:
            set_visibility(principal=principal, talent=talent, level="LISTED")
        if person.handle in REPRESENTED:
            _mandate(principal, talent, agency, agents[0], agents[1].person)


def _fill_vault(principal: Principal, talent: Talent) -> None:
    for kind in ("FACE_3D", "VOICE_SPEAKING"):
        place = f"vault://harrow-vane/{talent.handle}/{kind.lower()}"
        # stands for the hash of the capture, which is never here
        digest = hashlib.sha256(place.encode()).hexdigest()
        add_construct(principal=principal, talent=talent, kind=kind, sha256=digest, location_uri=place)


def _mandate(
    principal: Principal, talent: Talent, agency: Organisation, agent: Principal, colleague: User
) -> None:
    """The agent decides alone within the limits; a colleague stands in while she is away."""
    mandate = grant_mandate(
        principal=principal,
        talent=talent,
        agency=agency,
        mode="AGENT_WITHIN_MANDATE",
        use_types=AGENT_USES,
        agent=agent.person,
        limits=AGENT_LIMITS,
    )
    begins = clock.now()
    delegate_mandate(
        principal=agent,
        mandate=mandate,
        to_user=colleague,
        valid_from=begins,
        valid_until=begins + timedelta(days=365),
    )
