"""Member rolls: any size in the background, safe in every cell, the same however often; defaults only tighten."""

from __future__ import annotations

import codecs
import io
import tracemalloc
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.test.client import FakePayload
from hypothesis import given
from hypothesis import strategies as st

from accounts.principals import Principal
from common.errors import DomainError, Forbidden, TooLarge
from common.ids import new_id
from common.storage import blobs
from licensing import services, tasks
from licensing.models import GuildDefault, GuildMember, RollImport, Talent, VisibilityRule
from licensing.services import rolls, sheets
from licensing.services.limits import parse_limits, tightest
from tests import factories
from tests.licensing.conftest import Cast
from tests.licensing.persons import call

HEAD = "member_number,stage_name,majority_on\r\n"


@pytest.fixture
def guild(db: None) -> Principal:
    return factories.make_desk(factories.make_guild(), "ADMIN")


def hand_in(guild: Principal, content: bytes, **further: Any) -> RollImport:
    return services.hand_in_roll(
        principal=guild, stream=io.BytesIO(content), size=len(content), file_name="roll.csv", **further
    )


def read(guild: Principal, content: bytes, **further: Any) -> RollImport:
    return services.read_roll(hand_in(guild, content, **further).pk)


def refusals(roll: RollImport) -> list[tuple[int, str]]:
    return [(row, code) for row, _column, code, _cell in services.refusals_of(roll)]


@pytest.mark.req("ST-083")
def test_members_become_hidden_talents_of_their_own_and_a_second_reading_changes_nothing(
    guild: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolls, "CHUNK", 200)
    content = (HEAD + "".join(f"SAG-{n},Member Número {n},\r\n" for n in range(1000))).encode()
    roll = read(guild, content)
    assert (roll.state, roll.rows_read, roll.rows_made, roll.rows_refused) == ("DONE", 1000, 1000, 0)
    members = GuildMember.objects.filter(guild=guild.organisation)
    assert members.count() == 1000
    talent = Talent.objects.get(
        membership__number_digest=services.member_digest(guild.organisation_id, "SAG-7")
    )
    assert (talent.stage_name, talent.user_id) == ("Member Número 7", None)
    assert VisibilityRule.objects.get(talent=talent).level == "HIDDEN"
    assert talent.organisation.kind == "TALENT"
    assert talent.history.count() == 1
    again = read(guild, content)
    assert (again.rows_made, again.rows_same, members.count()) == (0, 1000, 1000)
    renamed = read(guild, content.replace(b" 7,", b" Seven,", 1))
    assert (renamed.rows_changed, renamed.rows_same) == (1, 999)


def test_what_a_roll_makes_has_the_history_that_the_orm_would_have_written(guild: Principal) -> None:
    content = (HEAD + "SAG-1,Ada Merrow,2031-05-06\r\n").encode()
    read(guild, content)
    talent = GuildMember.objects.get(guild=guild.organisation).talent
    twin = Talent.objects.create(
        organisation=factories.make_organisation("TALENT"), stage_name="Ada Merrow", handle="twin",
        majority_on=talent.majority_on,
    )  # fmt: skip
    facts = ("stage_name", "majority_on", "history_type", "history_change_reason", "history_user_id")
    ours, theirs = (one.history.get() for one in (talent, twin))  # type: ignore[attr-defined]
    assert [getattr(ours, name) for name in facts] == [getattr(theirs, name) for name in facts]
    assert (ours.id, ours.organisation_id, ours.handle) == (talent.pk, talent.organisation_id, talent.handle)
    for row in (talent.organisation, VisibilityRule.objects.get(talent=talent)):
        (line,) = row.history.all()  # type: ignore[attr-defined]
        assert (line.id, line.history_type) == (row.pk, "+")


@pytest.mark.req("ST-083")
def test_reading_that_was_cut_off_goes_on_after_the_last_whole_chunk(
    guild: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolls, "CHUNK", 50)
    content = (HEAD + "".join(f"{n},Member {n},\r\n" for n in range(200))).encode()
    roll, take_over, chunks = hand_in(guild, content), rolls._take_over, []

    def cut_off(*arguments: Any) -> None:
        if len(chunks) == 2:
            raise KeyboardInterrupt
        chunks.append(1)
        take_over(*arguments)

    monkeypatch.setattr(rolls, "_take_over", cut_off)
    with pytest.raises(KeyboardInterrupt):
        services.read_roll(roll.pk)
    roll.refresh_from_db()
    assert (roll.rows_made, roll.finished_at) == (100, None)
    monkeypatch.setattr(rolls, "_take_over", take_over)
    done = services.read_roll(roll.pk)
    assert (done.state, done.rows_read, done.rows_made) == ("DONE", 200, 200)
    assert services.read_roll(roll.pk).rows_read == 200


def test_each_row_that_is_wrong_is_refused_with_its_reason_and_the_others_are_taken(guild: Principal) -> None:
    lines = [
        "1,Good Name,2031-05-06",
        '2,=HYPERLINK("http://evil"),',
        "3,@SUM(A1),",
        "=4,Name Four,",
        "5,,",
        "6,Bidi \u202e name,",
        "7,Name Seven,31/12/2031",
        "8,Too,many,cells",
        "1,Good Name,2031-05-06",
        ",No Number,",
        '9,"Two\nlines",',
        "10,<b>Markup</b>,",
    ]  # fmt: skip
    roll = read(guild, (HEAD + "\r\n".join(lines)).encode())
    assert refusals(roll) == [
        (3, "FORMULA"), (4, "FORMULA"), (5, "FORMULA"), (6, "NAME_INVALID"), (7, "NAME_INVALID"),
        (8, "DATE_INVALID"), (9, "ROW_MALFORMED"), (10, "DUPLICATE"), (11, "MEMBER_NUMBER_INVALID"),
        (12, "NAME_INVALID"),
    ]  # fmt: skip
    assert (roll.rows_made, roll.rows_refused) == (2, 10)
    minor = Talent.objects.get(stage_name="Good Name")
    assert str(minor.majority_on) == "2031-05-06"


def test_refused_rows_are_downloaded_as_a_sheet_that_runs_nothing(guild: Principal) -> None:
    roll = read(guild, (HEAD + "1,\"=cmd|'/c calc'!A1\",\r\n2,+1,\r\n3,\t=1,").encode())
    client = Client()
    client.force_login(guild.person)
    answer = client.get(f"/api/v1/guild-rolls/{roll.pk}/refusals")
    sheet = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = sheet.splitlines()
    assert rows[0] == "row,column,code,cell"
    assert len(rows) == 4
    assert all(
        not cell.strip('"').startswith(("=", "+", "-", "@")) for row in rows for cell in row.split(",")
    )
    assert "'=cmd" in sheet
    stranger = factories.make_desk(factories.make_guild(), "ADMIN")
    client.force_login(stranger.person)
    assert client.get(f"/api/v1/guild-rolls/{roll.pk}/refusals").status_code == 404
    assert client.get(f"/api/v1/guild-rolls/{roll.pk}").status_code == 404


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ((HEAD + "1,Zoë Kravíč,").encode("utf-8-sig"), ""),
        (codecs.BOM_UTF16_LE + (HEAD + "1,Zoë Kravíč,").encode("utf-16-le"), ""),
        ((HEAD + "1,Zoë Kravíž,").encode("cp1252"), "cp1252"),
    ],
)
def test_encodings_that_are_said_are_read(guild: Principal, content: bytes, named: str) -> None:
    roll = read(guild, content, encoding=named)
    assert roll.rows_made == 1
    assert Talent.objects.filter(stage_name__startswith="Zoë Krav").count() == 1


@pytest.mark.parametrize(
    ("content", "named", "code"),
    [
        ((HEAD + "1,Zoë,").encode("cp1252"), "", "ENCODING_UNKNOWN"),
        ((HEAD + "1,Zoë,").encode(), "ebcdic", "ENCODING_UNKNOWN"),
        (b"number,name\r\n1,Zoe", "", "COLUMNS_INVALID"),
        (b"member_number,stage_name,stage_name\r\n", "", "COLUMNS_INVALID"),
        (b"\x00\x01\x02", "", "COLUMNS_INVALID"),
        (b"", "", "ROLL_EMPTY"),
    ],
)
def test_file_that_cannot_be_read_is_refused_at_once(
    guild: Principal, content: bytes, named: str, code: str
) -> None:
    with pytest.raises(DomainError) as refused:
        hand_in(guild, content, encoding=named)
    assert refused.value.code == code
    assert not RollImport.objects.exists()


def test_bad_bytes_far_into_the_file_fail_the_reading_and_keep_what_was_taken(
    guild: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolls, "CHUNK", 100)
    good = (HEAD + "".join(f"{n},Member {n} {'x' * 60},\r\n" for n in range(1500))).encode()
    roll = read(guild, good + b"9999,Zo\xeb,\r\n")
    assert (roll.state, roll.failure) == ("FAILED", "ENCODING_UNKNOWN")
    assert roll.rows_made == GuildMember.objects.count() > 0


def test_roll_over_200_megabytes_is_refused_before_it_is_read(guild: Principal) -> None:
    with pytest.raises(TooLarge) as refused:
        services.hand_in_roll(
            principal=guild, stream=io.BytesIO(b"x"), size=200 * 1024 * 1024 + 1, file_name="big.csv"
        )
    assert refused.value.code == "ROLL_TOO_LARGE"
    client = Client()
    client.force_login(guild.person)
    answer = client.post(
        "/api/v1/guild-rolls", b"x", content_type="multipart/form-data; boundary=b",
        CONTENT_LENGTH=str(300 * 1024 * 1024),
    )  # fmt: skip
    assert answer.status_code == 413


def test_only_an_administrator_of_a_guild_hands_in_a_roll(cast: Cast) -> None:
    content = (HEAD + "1,Zoe Kravitz,").encode()
    for desk in (cast.agent, cast.producer, factories.make_desk(cast.production.guild, "AUDITOR")):
        with pytest.raises(Forbidden) as refused:
            hand_in(desk, content)
        assert refused.value.code == "GUILD_ONLY"


@pytest.mark.django_db(transaction=True)
def test_roll_is_handed_in_over_http_as_a_file_and_as_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    from licensing import workflows

    started: list[str] = []
    monkeypatch.setattr(workflows.read_roll, "delay", started.append)
    guild = factories.make_desk(factories.make_guild(), "ADMIN")
    client = Client()
    client.force_login(guild.person)
    file = SimpleUploadedFile("roll.csv", (HEAD + "1,Zoe Kravitz,").encode(), content_type="text/csv")
    taken = client.post("/api/v1/guild-rolls", {"file": file})
    assert taken.status_code == 202, taken.content
    rows = [{"member_number": "2", "stage_name": "Al Pacino"}, {"member_number": "3", "stage_name": "=Evil"}]
    more = call(guild, "guild-rolls/rows", {"rows": rows})
    assert more.status_code == 202, more.content
    assert started == [taken.json()["id"], more.json()["id"]]
    from licensing.tasks import read_roll

    for roll_id in started:
        read_roll(roll_id)
    assert client.get(f"/api/v1/guild-rolls/{started[0]}").json()["rows_made"] == 1
    second = client.get(f"/api/v1/guild-rolls/{started[1]}").json()
    assert (second["rows_made"], second["rows_refused"]) == (1, 1)


# -- defaults -----------------------------------------------------------------------------------------


def _join(guild: Principal, talent: Talent, version: int) -> GuildMember:
    return GuildMember.objects.create(
        guild=guild.organisation, talent=talent, number_digest="a" * 64, accepted_version=version
    )


@pytest.mark.req("BX-008")
def test_guild_default_is_tightened_by_guild_or_member_and_loosened_by_the_member_alone(
    cast: Cast, guild: Principal
) -> None:
    first = services.set_guild_defaults(principal=guild, limits={"frames_max": 2000})
    _join(guild, cast.talent, first.version)
    request = factories.make_submitted_request(cast.production, cast.talent)  # 3,000 frames
    assert (request.mode, request.outside_mandate) == ("DUAL", ["scope.frames_max"])
    small = factories.make_submitted_request(cast.production, cast.talent, frames_max=2000)
    assert small.mode == "AGENT_WITHIN_MANDATE"

    services.set_guild_defaults(principal=guild, limits={"frames_max": 500})
    assert services.limits_of_member(cast.talent).frames_max == 500
    loose = services.set_guild_defaults(principal=guild, limits={"frames_max": 9000})
    assert services.limits_of_member(cast.talent).frames_max == 500
    path = f"talents/{cast.talent.pk}/guild-defaults"
    for desk in (cast.agent, factories.make_desk(cast.talent.organisation, "ADMIN")):
        assert call(desk, f"{path}/accept", {"version": loose.version}).json()["code"] == "TALENT_ONLY"
    own = call(cast.self, f"{path}/tighten", {"limits": {"frames_max": 501}})
    assert own.json()["code"] == "LOOSER_THAN_GUILD"
    assert call(cast.self, f"{path}/tighten", {"limits": {"frames_max": 400}}).status_code == 200
    assert services.limits_of_member(cast.talent).frames_max == 400
    assert call(cast.self, f"{path}/accept", {"version": loose.version}).status_code == 200
    assert services.limits_of_member(cast.talent).frames_max == 400
    assert call(cast.self, f"{path}/accept", {"version": 1}).json()["code"] == "VERSION_UNKNOWN"
    assert call(cast.self, f"{path}/tighten", {"limits": {"frames_max": 8000}}).status_code == 200
    assert services.limits_of_member(cast.talent).frames_max == 8000


@pytest.mark.req("BX-008")
def test_database_lets_nobody_but_the_member_loosen(cast: Cast, guild: Principal) -> None:
    first = services.set_guild_defaults(principal=guild, limits={"frames_max": 2000})
    member = _join(guild, cast.talent, first.version)
    services.set_guild_defaults(principal=guild, limits={"frames_max": 9000})
    for change in ({"accepted_version": 2}, {"own_limits": {"frames_max": 10}}):
        with pytest.raises(IntegrityError, match="only the member"), transaction.atomic():
            GuildMember.objects.filter(pk=member.pk).update(**change)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        GuildDefault.objects.filter(pk=first.pk).update(limits={})


def test_tightest_of_limits_never_allows_what_one_of_them_does_not() -> None:
    one = parse_limits(
        {"frames_max": 10, "render_territory": ["US"], "fee_least_minor": 5, "currency": "USD"}
    )
    other = parse_limits(
        {"days_max": 3, "render_territory": ["US-CA", "DE"], "fee_least_minor": 9, "currency": "EUR"}
    )
    both = tightest([one, other])
    assert (both.frames_max, both.days_max, both.render_territory) == (10, 3, ("US-CA",))
    assert (both.fee_least_minor, both.currency) == (9, "XXX")
    apart = tightest([parse_limits({"render_territory": ["US"]}), parse_limits({"render_territory": ["DE"]})])
    assert apart.render_territory == ("ZZ",)


def test_cells_that_run_are_written_as_text() -> None:
    for cell in ("=1", "+1", "-1", "@x", "\t=1", " =1", "＝1"):
        assert sheets.as_text(cell) == f"'{cell}"
    assert sheets.as_text("plain") == "plain"


# -- bounds -------------------------------------------------------------------------------------------


def rows_of(content: bytes) -> list[tuple[int, str]]:
    read = sheets.read_csv(io.BytesIO(content), "utf-8", wanted=("a", "b"), optional=())
    return [(row.number, row.trouble or row.cells["a"]) for row in read]


def test_line_without_end_is_never_held_whole() -> None:
    class Endless(io.RawIOBase):
        """200 MiB in one line, after a heading and before a last row."""

        def __init__(self) -> None:
            self.head, self.left, self.tail = b"a,b\r\n", 200 * 1024 * 1024, b"\r\n7,good\r\n"

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            piece, self.head = self.head, b""
            if not piece and self.left:
                piece = b"x" * min(len(buffer), self.left)
                self.left -= len(piece)
            elif not piece:
                piece, self.tail = self.tail, b""
            buffer[: len(piece)] = piece
            return len(piece)

    tracemalloc.start()
    stream = io.BufferedReader(Endless(), buffer_size=65_536)
    read = list(sheets.read_csv(stream, "utf-8", wanted=("a", "b"), optional=()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(row.number, row.trouble) for row in read] == [(2, "ROW_TOO_LONG"), (3, "")]
    assert peak < 4 * 1024 * 1024


def test_quote_that_never_closes_costs_its_own_row_alone() -> None:
    good = "".join(f"{n},name\r\n" for n in range(3, 2003))
    found = rows_of(f'a,b\r\n1,one\r\n2,"open\r\n{good}'.encode())
    assert found[:3] == [(2, "1"), (3, "ROW_TOO_LONG"), (4, "3")]
    assert len(found) == 2002
    assert rows_of(b'a,b\r\n2,"open\r\n3,good\r\n') == [(2, "ROW_MALFORMED"), (3, "3")]
    assert rows_of(b'a,b\r\n2,"a" b\r\n3,good\r\n') == [(2, "ROW_MALFORMED"), (3, "3")]
    assert rows_of(b'a,b\r\n2,"two\r\nlines"\r\n3,good') == [(2, "2"), (3, "3")]


@given(st.lists(st.text(alphabet='ab,"\r\n', max_size=12), max_size=30))
def test_any_text_is_read_to_its_end_with_rows_numbered_upwards(pieces: list[str]) -> None:
    found = rows_of(("a,b\n" + "\n".join(pieces)).encode())
    numbers = [number for number, _ in found]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("who", ["auditor", "studio"])
def test_who_may_hand_in_no_roll_is_refused_before_the_body_is_read(who: str, db: None) -> None:
    guild = factories.make_guild()
    desk = (
        factories.make_desk(guild, "AUDITOR")
        if who == "auditor"
        else factories.make_producer(factories.make_studio())
    )
    client = Client(enforce_csrf_checks=True)
    client.force_login(desk.person)
    client.cookies["csrftoken"] = "a" * 32
    untouched = FakePayload(b"never read")
    answer = client.generic(
        "POST", "/api/v1/guild-rolls", b"never read", content_type="multipart/form-data; boundary=b",
        headers={"X-CSRFToken": "a" * 32}, **{"wsgi.input": untouched, "CONTENT_LENGTH": "1000000"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (403, "GUILD_ONLY")
    assert len(untouched) == len(b"never read")
    bare = client.generic(
        "POST", "/api/v1/guild-rolls", b"", content_type="multipart/form-data; boundary=b",
        **{"wsgi.input": untouched, "CONTENT_LENGTH": "1000000"},
    )  # fmt: skip
    assert bare.status_code == 403
    assert len(untouched) == len(b"never read")


def test_a_file_that_no_roll_names_is_deleted_once_it_is_old_and_a_rolls_own_stays(guild: Principal) -> None:
    roll = hand_in(guild, f"{HEAD}SAG-1,Member One,\r\n".encode())
    lost = blobs().save(f"rolls/{new_id()}.csv", ContentFile(b"no row names it"))
    try:
        assert tasks.drop_leftovers() == 0, "its row may be on its way"
        assert blobs().exists(lost)
        assert services.drop_leftovers(hours=-1) >= 1  # as if all that is there were old
        assert not blobs().exists(lost)
        assert services.read_roll(roll.pk).state == "DONE"
    finally:
        blobs().delete(roll.blob)
