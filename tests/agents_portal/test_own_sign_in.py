"""How an organisation's people sign in: its administrator says it, with a fresh proof, and nobody else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest
import requests

from accounts.models import DomainClaim, IdentityProvider, Membership, Organisation, OrganisationDomain
from accounts.own_sign_in import add_own_service, set_passkey_rule
from accounts.principals import Principal
from accounts.services import add_domain, add_identity_provider
from audit.models import Event
from common.errors import Forbidden, InvalidInput
from common.outward import is_outside, outward_session
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of
from tests.name_server import NameServer, name_server

PAGE = "/team/sign-in/"


@pytest.fixture
def admin(cast: Cast) -> Principal:
    return factories.make_desk(cast.producer.organisation, Membership.Role.ADMIN)


@pytest.fixture
def names(settings: Any) -> Iterator[NameServer]:
    with name_server() as server:
        settings.DNS_SERVERS = [f"127.0.0.1:{server.port}"]
        yield server


def stale(desk: Principal) -> Reader:
    reader = Reader(desk)
    reader.client = factories.signed_in(desk.person, seconds_ago=3600)
    return reader


def test_an_administrator_asks_for_passkeys_with_a_fresh_proof(cast: Cast, admin: Principal) -> None:
    reader = Reader(admin)
    assert "Acts that bind do without a passkey" in reader.page(PAGE)
    assert Reader(cast.producer).get(PAGE).status_code == 403
    assert Reader(cast.producer).post(f"{PAGE}passkeys/", {"required": "on"}).status_code == 403
    asked = stale(admin).post(f"{PAGE}passkeys/", {"required": "on"})
    assert asked.status_code == 422
    assert not Organisation.objects.get(pk=admin.organisation_id).passkey_required
    assert reader.post(f"{PAGE}passkeys/", {"required": "on"}).status_code == 302
    assert Organisation.objects.get(pk=admin.organisation_id).passkey_required
    # the same page twice: what it would do now is something else
    assert reader.post(f"{PAGE}passkeys/", {"required": "on"}).status_code == 409
    assert "Every act that binds takes a passkey" in reader.page(PAGE)
    assert reader.post(f"{PAGE}passkeys/", {"required": "off"}).status_code == 302
    kinds = Event.objects.filter(organisation_id=admin.organisation_id).values_list("kind", flat=True)
    assert {"sign_in.passkeys_required", "sign_in.passkeys_not_required"} <= set(kinds)


@pytest.mark.req("BX-009")
def test_of_a_talents_own_the_talent_alone_says_it(cast: Cast) -> None:
    helper = factories.make_desk(cast.talent.organisation, Membership.Role.ADMIN)
    assert Reader(helper).post(f"{PAGE}passkeys/", {"required": "on"}).status_code == 403
    with pytest.raises(Forbidden, match="ADMINISTRATOR_ONLY"):
        set_passkey_rule(principal=helper, required=True)
    assert "the talent’s own to say" in Reader(helper).page(PAGE)
    assert Reader(cast.self).post(f"{PAGE}passkeys/", {"required": "on"}).status_code == 302
    assert Organisation.objects.get(pk=cast.talent.organisation_id).passkey_required


def test_a_domain_is_ours_once_its_name_servers_say_so(
    cast: Cast, admin: Principal, names: NameServer
) -> None:
    reader = Reader(admin)
    assert reader.post(f"{PAGE}domains/new/", {"domain": "not a domain"}).status_code == 422
    assert reader.post(f"{PAGE}domains/new/", {"domain": "Lanternfish.Test."}).status_code == 302
    claim = DomainClaim.objects.get()
    name, text = f"_trustmark.{claim.domain}", f"trustmark-domain={claim.secret}"
    page = reader.page(PAGE)
    assert name in page
    assert text in page
    check = f"{PAGE}domains/{claim.pk}/check/"
    for said in (None, ["v=spf1 -all", "trustmark-domain=0000"]):
        names.texts = {} if said is None else {name: said}
        reader.post(check)
        assert "The record is not there yet." in reader.page(PAGE)
        assert not OrganisationDomain.objects.exists()
    names.texts = {name: ["v=spf1 -all", text]}
    # neither a colleague, nor another house's administrator, nor a proof of an hour ago
    assert Reader(cast.engineer).post(check).status_code == 403
    other = factories.make_desk(factories.make_studio(), Membership.Role.ADMIN)
    assert Reader(other).post(check).status_code == 404
    assert stale(admin).post(check).status_code == 422
    assert not OrganisationDomain.objects.exists()
    assert reader.post(check).status_code == 302
    assert OrganisationDomain.objects.get().organisation_id == admin.organisation_id
    assert not DomainClaim.objects.exists()
    assert set(names.asked) == {name}
    row = OrganisationDomain.objects.get()
    assert Reader(other).post(f"{PAGE}domains/{row.pk}/drop/").status_code == 404
    assert reader.post(f"{PAGE}domains/{row.pk}/drop/").status_code == 302
    assert not OrganisationDomain.objects.exists()


def test_a_domain_of_another_stays_theirs_and_is_told_to_its_prover_alone(
    admin: Principal, names: NameServer
) -> None:
    add_domain(organisation=factories.make_studio(), domain="lanternfish.test")
    reader = Reader(admin)
    assert reader.post(f"{PAGE}domains/new/", {"domain": "lanternfish.test"}).status_code == 302
    claim = DomainClaim.objects.get()
    check = f"{PAGE}domains/{claim.pk}/check/"
    assert reader.post(check).status_code == 302
    names.texts = {f"_trustmark.{claim.domain}": [f"trustmark-domain={claim.secret}"]}
    taken = reader.post(check)
    assert taken.status_code == 409
    assert "another organisation" in page_of(taken)


def test_name_servers_that_are_away_change_nothing(admin: Principal, settings: Any) -> None:
    reader = Reader(admin)
    reader.post(f"{PAGE}domains/new/", {"domain": "lanternfish.test"})
    settings.DNS_SERVERS = ["127.0.0.1:9"]
    assert reader.post(f"{PAGE}domains/{DomainClaim.objects.get().pk}/check/").status_code == 503
    assert not OrganisationDomain.objects.exists()


@pytest.fixture
def inside() -> Iterator[tuple[str, list[str]]]:
    """A server in our own network, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = json.dumps({"issuer": "anything"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def test_a_service_of_ones_own_leads_nowhere_inside(admin: Principal, inside: tuple[str, list[str]]) -> None:
    base, asked = inside
    told = {"name": "", "client_id": "a", "secret": "b"}
    reader = Reader(admin)
    for issuer in (base, base.replace("http:", "https:"), "https://127.0.0.1", "https://localhost:1", "sso"):
        answer = reader.post(f"{PAGE}services/new/", {**told, "issuer": issuer})
        assert answer.status_code == 422, issuer
        with pytest.raises(InvalidInput, match="ISSUER_"):
            add_own_service(principal=admin, issuer=issuer, **told)
    assert not IdentityProvider.objects.exists()
    # not even by a name or a document that leads there: the connection itself is judged, before a byte is sent
    with outward_session() as session, pytest.raises(requests.ConnectionError):
        session.get(f"{base}/x", timeout=5)
    assert asked == []
    with outward_session(inside=["127.0.0.1"]) as session:
        assert session.get(f"{base}/x", timeout=5).status_code == 200
    for address in (
        "10.0.0.1",
        "169.254.169.254",
        "::1",
        "fd00:ec2::254",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
    ):
        assert not is_outside(ip_address(address))
    assert is_outside(ip_address("192.0.0.9")) or is_outside(ip_address("8.8.8.8"))


def test_a_service_is_shown_and_ended_by_the_administrator_alone(cast: Cast, admin: Principal) -> None:
    service = add_identity_provider(
        organisation=admin.organisation, slug="lanternfish-7c1d", name="Lanternfish sign-in",
        issuer="https://sso.lanternfish.example", client_id="a", secret="the-client-secret",
    )  # fmt: skip
    reader, path = Reader(admin), f"{PAGE}services/{service.pk}/end/"
    page = reader.page(PAGE)
    assert "/sign-in/with/lanternfish-7c1d/callback/" in page
    assert "the-client-secret" not in page.html
    assert Reader(cast.engineer).post(path).status_code == 403
    other = factories.make_desk(factories.make_studio(), Membership.Role.ADMIN)
    assert Reader(other).post(path).status_code == 404
    assert stale(admin).post(path).status_code == 422
    assert reader.post(path).status_code == 302
    service.refresh_from_db()
    assert service.ended_at is not None
    assert reader.get(path).status_code == 404
