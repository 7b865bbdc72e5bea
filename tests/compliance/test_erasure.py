"""A person is erased: no name and no word is read again, in a restored backup neither, and every proof holds."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from accounts.models import Organisation, SubjectKey, User
from accounts.principals import Principal
from accounts.subject_keys import destroy_key, forget_keys, open_text, seal_text
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.keys import KeyUnreadable, public_keys
from common.storage import blobs
from compliance.erasure import services
from compliance.erasure.models import Erasure
from compliance.erasure.people import Person, person_named, refusals
from compliance.erasure.tombstones import TombstoneUnreadable, pending
from compliance.models import BundleState
from licensing import selectors
from licensing import services as licensing
from licensing.models import Hold, LicenceToken, RequestAction, Talent, TermsVersion
from licensing.services.duties import acknowledge_revocation
from licensing.services.standing import instruct
from provenance.graph import sealing
from provenance.graph.inspection import inspect_graph
from provenance.graph.models import AssetVersion, CustodyDocument, Decision, SealedText
from provenance.graph.resealing import reseal_texts
from provenance.graph.sealing import open_text as open_prompt
from provenance.graph.services import record_batch
from provenance.graph.services.documents import attach_document, facts_told
from provenance.graph.services.recording import decide_version
from provenance.graph.specs import DecisionSpec, GenerationSpec
from receipts import cli
from tests import factories
from tests.compliance.test_bundles import made, members, saved
from tests.farm import Farm
from tests.provenance.graph.conftest import thing
from trustcore.bundle import verify_bundle
from trustcore.signing import is_signature
from trustmark.cli import subject as command
from trustmark.embedded.postgres import postgres_program

NAME = "Ada Quillfeather-Merrow"
ADDRESS = "ada.quillfeather@merrow.example"
REMARK = "Her left knee is not yet well after the surgery in Lyon."
QUESTION = "Does the scar from Palermo show in sequence 041?"
REASON = "She has left the profession, and lives in Tromso now."
PROMPT = "Quillfeather turns to the window, rain on glass"
PAYEE = "Quillfeather Loanout Ltd"
NOTE = "Her cough in bar twelve stays, she asked for it."
SHEET = "Crew call 07:00. Ada is driven from the clinic at Rue Cler."
TAKER = "Operator for A. Merrow"
PERSONAL = (
    NAME, ADDRESS, REMARK, QUESTION, REASON, PAYEE, PROMPT, NOTE, SHEET, TAKER, "Quillfeather", "quillfeather",
)  # fmt: skip
ALE = f"Heading\nFIELD_DELIM\tTABS\nVIDEO_FORMAT\t1080\nFPS\t24\n\nColumn\nName\tStart\tEnd\tCrew\n\nData\nA045_C012\t01:00:00:00\t01:00:04:00\t{TAKER}\n"
DAILIES = f"Clip,Take,Sound,Filter,Operator\nA045 {TAKER},3,{TAKER},Quillfeather veil,{TAKER}\n"


@pytest.fixture(autouse=True)
def own_stores(settings: Any, tmp_path: Path) -> None:
    """Tombstones of one test are none of another's; confirmed is due."""
    use_own_stores(settings, tmp_path)
    settings.ERASURE_COOLING_OFF_SECONDS = 0


def use_own_stores(settings: Any, tmp_path: Path) -> None:
    stores = {**settings.STORAGES}
    for name in ("blobs", "log"):
        stores[name] = {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / name), "allow_overwrite": name == "log", "base_url": None},
        }
    settings.STORAGES = stores
    forget_keys()


def operators() -> tuple[Principal, Principal]:
    house = Organisation.objects.create(kind="OPERATOR", name="House", slug="house")
    return factories.make_desk(house, "ADMIN"), factories.make_desk(house, "ADMIN")


def licensed() -> Farm:
    """A talent of whom much is said, a licence that was negotiated in words, and frames under it."""
    studio = factories.make_studio()
    talent = factories.make_talent(NAME)
    assert talent.user is not None
    User.objects.filter(pk=talent.user.pk).update(email=ADDRESS)
    talent.user.refresh_from_db()
    desk = factories.desk_of_talent(talent)
    instruct(principal=desk, talent=talent, kind="PAYEE", body={"payee": PAYEE})
    agent = factories.make_agent(factories.make_agency())
    factories.make_mandate(talent, agent)
    production = factories.make_production(studio, guild=factories.make_guild())
    producer = factories.make_producer(studio)
    asked = licensing.submit_request(principal=producer, ask=factories.make_ask(production, talent))
    licensing.ask_question(principal=producer, request_id=asked.pk, text=QUESTION)
    licensing.answer_question(principal=agent, request_id=asked.pk, text=REMARK)
    asked.refresh_from_db()
    token = factories.approve(asked)
    credential, key = factories.make_credential(studio)
    farm = Farm(token, credential, key)
    farm.render(0, 9)
    run = GenerationSpec(
        model_name="Face rig", external_id="G-1", prompt=PROMPT, token_jtis=(token.jti,),
        outputs=(thing("FRAME_RANGE", "frames", frame_first=1, frame_last=9, token_jtis=(token.jti,)),),
    )  # fmt: skip
    record_batch(principal=producer, production_id=production.pk, specs=[run])
    version = AssetVersion.objects.get(production=production)
    decided = DecisionSpec(version=str(version.pk), outcome="APPROVED", stage="FINAL", note=NOTE)
    decide_version(principal=producer, spec=decided, version_id=version.pk)
    for kind, words in (("CALL_SHEET", SHEET), ("ALE", ALE)):
        attached(farm, version.pk, kind, words)
    return farm


def attached(farm: Farm, version: UUID, kind: str, words: str) -> CustodyDocument:
    producer = factories.make_producer(farm.token.licensee)
    with tempfile.TemporaryDirectory() as folder:
        (paper := Path(folder) / kind).write_text(words)
        return attach_document(principal=producer, version_id=version, kind=kind, name=kind, path=paper)


def ended(farm: Farm) -> Person:
    """The licence is revoked in words, and the studio has said that it stopped."""
    talent = farm.token.talent
    licensing.revoke_token(
        principal=factories.desk_of_talent(talent), jti=farm.token.jti, kind="PROSPECTIVE",
        disposition="KEEP", reason=REASON,
    )  # fmt: skip
    producer = factories.make_producer(farm.token.licensee)
    for duty in farm.token.duties.all():
        acknowledge_revocation(principal=producer, duty_id=duty.pk)
    return person_named(talent=talent.handle)


def erased(person: Person) -> Erasure:
    one, other = operators()
    asked = services.ask_erasure(principal=one, person=person, ground="CONSENT_WITHDRAWN")
    return confirmed_and_done(other, asked)


def confirmed_and_done(principal: Principal, asked: Erasure) -> Erasure:
    services.confirm_erasure(principal=principal, erasure_id=asked.pk)
    done = services.carry_out_erasure(erasure_id=asked.pk)
    assert done is not None
    return done


def url(name: str) -> str:
    db = connection.settings_dict
    return f"postgresql://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{name}"


def program(name: str, *arguments: object) -> None:
    subprocess.run(
        [postgres_program(name), *map(str, arguments)],
        env={"PATH": os.environ["PATH"]}, capture_output=True, check=True,
    )  # fmt: skip


def found_in_dump(folder: Path, name: str) -> set[str]:
    """Which personal words stand anywhere in a whole dump of the database, in clear or as JSON."""
    target = folder / "whole.sql"
    program("pg_dump", "--format=plain", f"--file={target}", url(name))
    text = target.read_text("utf-8", "replace")
    return {one for one in PERSONAL if one in text or json.dumps(one)[1:-1] in text}


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("BX-019")
def test_an_erased_person_is_read_nowhere_again_in_a_restored_backup_neither_and_every_proof_holds(
    tmp_path: Path, django_db_blocker: Any
) -> None:
    farm = licensed()
    dailies = attached(farm, AssetVersion.objects.get(asset__name="frames").pk, "DAILIES", DAILIES)
    assert facts_told(dailies)["takes"] == [
        {"clip": f"A045 {TAKER}", "take": "3", "sound": TAKER, "filter": "Quillfeather veil"}
    ]
    name = connection.settings_dict["NAME"]
    own = made(farm, purpose="EO_INSURANCE")
    shared = made(farm)
    kept = saved(shared, tmp_path)
    assert REMARK in b"\n".join(members(saved(own, tmp_path)).values()).decode("utf-8", "replace")
    person = ended(farm)
    assert {NAME, ADDRESS} <= found_in_dump(tmp_path, name)
    # what was written about her is closed already, before anybody asks: only her key opens it
    assert not {REMARK, QUESTION, REASON, PAYEE, NOTE, SHEET, TAKER} & found_in_dump(tmp_path, name)
    assert {SHEET, NOTE, PROMPT} <= {open_prompt(one) for one in SealedText.objects.all()}
    log = CustodyDocument.objects.select_related("text").get(kind="ALE")
    assert facts_told(log)["clips"][0]["fields"]["Crew"] == TAKER
    backup = tmp_path / "backup.dump"
    program("pg_dump", "--format=custom", f"--file={backup}", url(name))

    row = erased(person)

    assert found_in_dump(tmp_path, name) == set()
    assert {one.note for one in RequestAction.objects.exclude(note="")} == {"[erased]"}
    assert LicenceToken.objects.get().revocation_reason == "[erased]"
    assert selectors.last_instructions(farm.token.talent_id)["PAYEE"].body == {}
    assert {open_prompt(one) for one in SealedText.objects.all()} == {None}
    assert facts_told(log) == {"clips_in_all": 1}
    assert facts_told(dailies) == {"takes_in_all": 1}
    assert inspect_graph(farm.token.production_id) == []
    # the proofs: the log as it was, the old bundle as it was, a new one of the same log
    assert cli.check_logs(farm.token.production_id) == 0
    assert verify_bundle(kept).summary.counts.rendered == 10
    assert not {one for one in PERSONAL if one in kept.read_bytes().decode("latin-1")}
    again = saved(made(farm, purpose="EO_INSURANCE"), tmp_path)
    assert verify_bundle(again).summary.counts.rendered == 10
    everything = b"\n".join(members(again).values()).decode("utf-8", "replace")
    assert not {one for one in PERSONAL if one in everything}
    own.refresh_from_db()
    assert (own.state, own.failure_code, own.blob) == (BundleState.FAILED, "SUBJECT_ERASED", "")
    # the certificate: signed, and naming nobody
    assert is_signature(
        public_keys("BUNDLE")[row.kid], bytes(row.signature), services.certificate_message(row)
    )
    assert row.certificate is not None
    assert row.certificate["keys_destroyed"] == 1
    assert row.certificate["rows"]["licensing_talent"] == 1
    assert not {one for one in PERSONAL if one in json.dumps(row.certificate)}

    restored = f"{name}_restored"
    with psycopg.connect(url("postgres"), autocommit=True) as admin:
        admin.execute(f'drop database if exists "{restored}"')
        admin.execute(f'create database "{restored}"')
    try:
        program("pg_restore", f"--dbname={url(restored)}", "--no-owner", backup)
        connection.close()
        connections["default"].settings_dict["NAME"] = restored
        forget_keys()
        assert Talent.objects.get().stage_name == NAME  # she is back
        assert [one.erasure for one in pending()] == [str(row.pk)]
        assert Client().get("/readyz").json()["parts"]["erasures"] is False
        assert services.reapply_tombstones() == [str(row.pk)]
        assert pending() == []
        assert found_in_dump(tmp_path, restored) == set()
        assert {open_prompt(one) for one in SealedText.objects.all()} == {None}
        assert {one.note for one in RequestAction.objects.exclude(note="")} == {"[erased]"}
        assert services.reapply_tombstones() == []
    finally:
        connection.close()
        connections["default"].settings_dict["NAME"] = name
        forget_keys()
        with psycopg.connect(url("postgres"), autocommit=True) as admin:
            admin.execute(f'drop database if exists "{restored}" with (force)')


@pytest.mark.django_db
def test_papers_that_were_sealed_before_under_the_productions_key_alone_are_closed_under_hers_too() -> None:
    farm = licensed()
    production_id = farm.token.production_id
    with connection.cursor() as cursor:  # as they stood: the key of nobody's person
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table provenance_sealedtext disable trigger provenance_sealedtext_append_only")
        for row in SealedText.objects.all():
            words = open_prompt(row)
            assert words is not None
            # the salt stays, for it is committed to: peel the talent's seal off, keep the production's
            bare = peeled(row, words)
            cursor.execute(
                "update provenance_sealedtext set sealed = %s, subject_ids = '{}' where id = %s",
                [bare, row.pk],
            )
        cursor.execute("alter table provenance_sealedtext enable trigger provenance_sealedtext_append_only")
        cursor.execute("set constraints all deferred")
    assert inspect_graph(production_id) == []
    with connection.schema_editor(atomic=False) as editor:
        assert reseal_texts(editor) == 4  # the prompt, the note and two papers
        assert reseal_texts(editor) == 0
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        SealedText.objects.update(subject_ids=[])
    assert inspect_graph(production_id) == []
    papers = [one for one in SealedText.objects.all() if one.subject_ids]
    assert [one.subject_ids for one in papers] == [[farm.token.talent_id]] * 4
    assert {SHEET, NOTE, PROMPT} <= {open_prompt(one) for one in papers}
    destroy_key(farm.token.talent_id)
    assert {open_prompt(one) for one in papers} == {None}
    assert inspect_graph(production_id) == []


class Before:
    """A production in which texts were written before she was licensed in it: her partner was, from the second on."""

    def __init__(self) -> None:
        self.production = factories.make_production(guild=factories.make_guild())
        self.house = self.production.organisation
        self.desk = factories.make_producer(self.house)
        self.run("first", "nobody is licensed", negative_prompt="not her")
        version = self.version("first")
        with tempfile.TemporaryDirectory() as folder:
            (paper := Path(folder) / "sheet").write_text(SHEET)
            attach_document(
                principal=self.desk, version_id=version, kind="CALL_SHEET", name="sheet", path=paper
            )
        self.partner, _, _ = factories.make_live_token(self.production, factories.make_talent("Partner"))
        self.note("first", "only the partner is licensed")
        self.run("partner's", "of the partner alone", self.partner.jti)
        self.hers = Farm(*factories.make_live_token(self.production, factories.make_talent(NAME)))
        self.run("third", "both are licensed")

    def run(self, name: str, prompt: str, *jtis: UUID, **more: Any) -> None:
        run = GenerationSpec(
            model_name="m", prompt=prompt, outputs=(thing("IMAGE", name, token_jtis=jtis),), **more
        )
        record_batch(principal=self.desk, production_id=self.production.pk, specs=[run])

    def note(self, name: str, words: str) -> None:
        version = self.version(name)
        spec = DecisionSpec(version=str(version), outcome="APPROVED", stage="FINAL", note=words)
        decide_version(principal=self.desk, spec=spec, version_id=version)

    def version(self, name: str) -> UUID:
        return AssetVersion.objects.get(production=self.production, asset__name=name).pk

    @property
    def both(self) -> list[UUID]:
        return sorted([self.partner.talent_id, self.hers.token.talent_id])

    def read(self) -> dict[str | None, list[UUID]]:
        return {open_prompt(row): row.subject_ids for row in SealedText.objects.all()}


@pytest.mark.django_db
def test_what_was_written_before_she_was_licensed_is_closed_with_her_and_what_is_anothers_alone_is_not() -> (
    None
):
    film = Before()
    partner = film.partner.talent_id
    assert film.read() == {
        "nobody is licensed": [], "not her": [], SHEET: [], "only the partner is licensed": [partner],
        "of the partner alone": [partner], "both are licensed": film.both,
    }  # fmt: skip
    row = erased(ended(film.hers))
    assert row.certificate is not None
    assert row.certificate["rows"]["provenance_sealedtext"] == 4
    assert film.read().keys() == {None, "of the partner alone"}
    assert inspect_graph(film.production.pk) == []
    # not merely hidden: the production's key alone opens none of them
    key = sealing._key_of(film.production.pk)
    assert not [one for one in SealedText.objects.all() if SHEET.encode() in sealing._inner(key, one)]
    # whoever writes on writes for those who are left
    film.run("fourth", "she is gone")
    assert film.read()["she is gone"] == [partner]


@pytest.mark.django_db
def test_a_text_under_anothers_licence_alone_is_closed_with_her_where_it_says_her_name_and_stays_elsewhere() -> (
    None
):
    film = Before()
    said = [
        f"beside {NAME.upper()}, at the window",
        f"of {NAME}s alone",
        f"of\u00a0{NAME.replace(' ', chr(10))}.",
    ]
    for number, prompt in enumerate(said):
        film.run(f"of two {number}", prompt, film.partner.jti)
    assert all(film.read()[prompt] == [film.partner.talent_id] for prompt in said)
    erased(ended(film.hers))
    assert film.read().keys() == {None, "of the partner alone", said[1]}
    assert inspect_graph(film.production.pk) == []


@pytest.mark.django_db
def test_a_text_is_closed_for_nobody_who_lives_and_changes_in_nothing_else() -> None:
    film = Before()
    partner = [film.partner.talent_id]
    row = SealedText.objects.get(subject_ids=partner, pk__in=Decision.objects.values("note"))
    lost, living = factories.make_talent("Lost").pk, film.hers.token.talent_id
    destroy_key(lost)
    others: list[dict[str, Any]] = [
        {"sealed": b"x"},
        {"subject_ids": [*row.subject_ids, living], "sealed": b"x"},
        {"subject_ids": [*row.subject_ids, lost, living], "sealed": b"x"},
        {"subject_ids": [lost], "sealed": b"x"},
        {"subject_ids": [lost, *row.subject_ids], "sealed": b"x"},
        {"subject_ids": [*row.subject_ids, lost], "commitment": "0" * 64},
    ]
    for change in others:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            SealedText.objects.filter(pk=row.pk).update(**change)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("delete from provenance_sealedtext where id = %s", [row.pk])
    assert SealedText.objects.filter(pk=row.pk).update(subject_ids=[*row.subject_ids, lost]) == 1


@pytest.mark.django_db
def test_whoever_was_erased_before_is_closed_out_of_older_texts_by_the_migration_and_of_no_later_ones() -> (
    None
):
    film = Before()
    destroy_key(film.hers.token.talent_id)  # all that an erasure did to texts
    assert film.read().keys() >= {"nobody is licensed", SHEET}
    film.note("first", "written afterwards")
    close = import_module("provenance.migrations.0331_close_what_was_missed").close
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
    with connection.schema_editor(atomic=False) as editor:
        close(None, editor)
    assert film.read().keys() == {None, "of the partner alone", "written afterwards"}
    assert inspect_graph(film.production.pk) == []


def peeled(row: SealedText, words: str) -> bytes:
    """The bytes of a text as they would be without any talent's key."""
    key = sealing._key_of(row.production_id)
    inner = sealing._inner(key, row)
    return sealing._closed(key, row.pk, inner[: sealing._SALT] + words.encode())


@pytest.mark.django_db
def test_papers_about_somebody_who_was_erased_before_they_were_closed_are_never_read_again() -> None:
    farm = licensed()
    row = SealedText.objects.exclude(subject_ids=[]).first()
    assert row is not None
    bare = SealedText(
        pk=row.pk, production_id=row.production_id, commitment=row.commitment, sealed=peeled(row, open_prompt(row) or "")
    )  # fmt: skip
    assert open_prompt(bare) is not None
    destroy_key(farm.token.talent_id)
    anew = sealing.resealed(bare, [farm.token.talent_id])
    assert anew is not None
    bare.sealed, bare.subject_ids = anew, [farm.token.talent_id]
    assert open_prompt(bare) is None
    with pytest.raises(ValueError, match="sealed under the keys"):
        sealing.resealed(bare, [farm.token.talent_id])


@pytest.mark.django_db
def test_what_stands_against_an_erasure_is_named_and_nothing_is_done() -> None:
    farm = licensed()
    person = person_named(talent=farm.token.talent.handle)
    one, _ = operators()
    codes = [against.code for against in refusals(person)]
    assert codes == ["ERASURE_LICENCES_OPEN"]
    with pytest.raises(Conflict) as refused:
        services.ask_erasure(principal=one, person=person, ground="OBJECTION")
    assert refused.value.code == "ERASURE_LICENCES_OPEN"
    talent = farm.token.talent
    desk = factories.desk_of_talent(talent)
    licensing.revoke_token(
        principal=desk, jti=farm.token.jti, kind="PROSPECTIVE", disposition="KEEP", reason=REASON
    )
    # the studio has not said yet that it stopped: what it owes is kept until it has
    assert [against.code for against in refusals(person)] == ["ERASURE_RETENTION"]
    for duty in farm.token.duties.all():
        acknowledge_revocation(principal=factories.make_producer(farm.token.licensee), duty_id=duty.pk)
    assert refusals(person) == []
    hold = Hold.objects.create(
        reason="LEGAL_HOLD", talent=talent, side="TALENT", placed_by=desk.person, placed_for=desk.organisation,
        placed_at=farm.token.created_at, why="A claim in court.",
    )  # fmt: skip
    assert [against.code for against in refusals(person)] == ["ERASURE_LEGAL_HOLD"]
    assert Hold.objects.get(pk=hold.pk).why == "A claim in court."
    assert Talent.objects.get(pk=talent.pk).stage_name == NAME
    assert not SubjectKey.objects.filter(sealed_key=None).exists()


@pytest.mark.django_db
def test_two_administrators_of_the_operator_erase_and_nobody_else_does() -> None:
    person = ended(licensed())
    one, other = operators()
    studio = factories.make_producer(factories.make_studio())
    with pytest.raises(Forbidden, match="OPERATOR_ONLY"):
        services.ask_erasure(principal=studio, person=person, ground="OBJECTION")
    with pytest.raises(InvalidInput, match="GROUND_UNKNOWN"):
        services.ask_erasure(principal=one, person=person, ground="BECAUSE")
    asked = services.ask_erasure(principal=one, person=person, ground="OBJECTION")
    with transaction.atomic(), pytest.raises(Conflict, match="ERASURE_ASKED"):
        services.ask_erasure(principal=other, person=person, ground="OBJECTION")
    with pytest.raises(Forbidden, match="FOUR_EYES"):
        services.confirm_erasure(principal=one, erasure_id=asked.pk)
    with pytest.raises(DatabaseError), transaction.atomic():  # the database says so, too
        Erasure.objects.filter(pk=asked.pk).update(confirmed_by=one.person)
    with pytest.raises(Forbidden, match="OPERATOR_ONLY"):
        services.confirm_erasure(principal=studio, erasure_id=asked.pk)
    services.withdraw_erasure(principal=one, erasure_id=asked.pk)
    with pytest.raises(Conflict, match="ERASURE_ENDED"):
        services.confirm_erasure(principal=other, erasure_id=asked.pk)
    again = services.ask_erasure(principal=other, person=person, ground="OBJECTION")
    assert confirmed_and_done(one, again).state == "DONE"
    with pytest.raises(Conflict, match="SUBJECT_ERASED"):
        seal_text(person.subjects[0], "one more word", place="note/1")
    with pytest.raises(DatabaseError), transaction.atomic():  # no key comes back
        SubjectKey.objects.filter(pk=person.subjects[0]).update(sealed_key=b"x", destroyed_at=None)


@pytest.mark.django_db
def test_a_dry_run_counts_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    person = ended(licensed())
    one, other = operators()
    assert person.talent is not None
    handle = person.talent.handle
    plan = services.plan_erasure(person)
    assert (plan.rows["licensing_talent"], plan.rows["accounts_user"], plan.against) == (1, 1, ())
    assert Talent.objects.get(pk=person.subjects[0]).stage_name == NAME
    email = [desk.person.email for desk in (one, other)]
    arguments = ["erase", "--talent", handle, "--as", email[0]]
    assert command.main([*arguments, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == plan.rows
    assert command.main(arguments) == 0
    erasure = json.loads(capsys.readouterr().out)["erasure"]
    assert command.main(["confirm", erasure, "--as", email[0]]) == 3
    assert json.loads(capsys.readouterr().out)["code"] == "FOUR_EYES"
    assert command.main(["confirm", erasure, "--as", email[1]]) == 0
    assert json.loads(capsys.readouterr().out)["certificate"]["rows"] == plan.rows
    assert command.main([*arguments, "--dry-run"]) == 1  # nobody has that handle any more
    assert json.loads(capsys.readouterr().out)["code"] == "NOT_FOUND"
    with pytest.raises(NotFound):
        person_named(user=ADDRESS)


@pytest.mark.django_db
def test_a_tombstone_that_nobody_here_signed_is_told_and_not_passed_over() -> None:
    row = erased(ended(licensed()))
    assert pending() == []
    path = Path(blobs().path(f"erasures/{row.pk}.json"))
    stone = json.loads(path.read_text())
    path.write_text(json.dumps({**stone, "subjects": []}))
    with pytest.raises(TombstoneUnreadable):
        services.reapply_tombstones()
    assert command.main(["reapply"]) == 1


@pytest.mark.django_db
def test_a_text_opens_in_its_own_place_with_its_own_key_alone() -> None:
    talent = factories.make_talent(NAME)
    sealed = seal_text(talent.pk, REMARK, place="note/1")
    assert REMARK not in sealed
    assert open_text(sealed, place="note/1") == REMARK
    with pytest.raises(KeyUnreadable):
        open_text(sealed, place="note/2")
    with pytest.raises(KeyUnreadable):
        open_text(sealed[:-6] + "AAAA==", place="note/1")
    assert destroy_key(talent.pk)
    assert open_text(sealed, place="note/1") is None
    assert not destroy_key(talent.pk)


@pytest.mark.django_db
def test_nothing_is_written_past_the_seal() -> None:
    farm = licensed()
    with transaction.atomic(), pytest.raises(ValueError, match="sealed when its row is saved"):
        LicenceToken.objects.filter(pk=farm.token.pk).update(revocation_reason="in clear")
    acts = RequestAction.objects.filter(note__startswith="sealed:1:")
    assert {one.note for one in acts} == {REMARK, QUESTION}
    assert TermsVersion.objects.exclude(note="").count() == 0  # what is empty stays empty
