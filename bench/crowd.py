"""A crowd for the portal: agencies, talents, requests and licences as many as are asked for.

One world is real (``tests.permissions.worlds``: every row by the services). The crowd is made by the database from the
real rows: other people, each with organisation, mandate and visibility of their own, and requests, terms, actions,
licences and grants between them; every constraint and trigger looks at every row, so each licence has the consents
its mode demands. Numbers are taken from Scale; one agency, studio, guild and talent of the crowd is the real one's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from bench.filling import columns_of
from tests.permissions.worlds import World

BATCH = 20_000


@dataclass(frozen=True)
class Scale:
    """How much is stored; the bar's numbers, shrunk by ``share`` with as many rows a person."""

    share: float = 1.0

    def of(self, number: int) -> int:
        """``number``, shrunk; at least one."""
        return max(1, round(number * self.share))

    @property
    def agencies(self) -> int:
        return self.of(200)

    @property
    def talents(self) -> int:
        return self.of(20_000)

    @property
    def studios(self) -> int:
        return self.of(40)

    @property
    def requests(self) -> int:
        return self.of(100_000)

    @property
    def licences(self) -> int:
        return self.of(1_000_000)

    @property
    def receipts(self) -> int:
        return self.of(20_000_000)


PRODUCTIONS_A_STUDIO = 25
EVENTS_A_LICENCE = 2


def fill(wire: psycopg.Connection, world: World, scale: Scale) -> None:
    """Bring the world's deployment to ``scale``."""
    _people(wire, world, scale)
    _deal(wire, scale.requests, "waiting")
    _requests(wire, world.ids["request_id"])
    wire.commit()
    done = 0
    while done < scale.licences:
        number = min(BATCH, scale.licences - done)
        _deal(wire, number, "licence", first=done)
        _requests(wire, str(world.facts["token"].request_id))
        _licences(wire, world.ids["jti"])
        _records(wire, world)
        wire.commit()
        done += number


def _people(wire: psycopg.Connection, world: World, scale: Scale) -> None:
    """Organisations, people, seats, vaults, mandates, productions: in three temporary tables."""
    real = {
        "agency": world.facts["agency"].pk,
        "agent": world.people["agent"].person.pk,
        "studio": world.facts["studio"].pk,
        "producer": world.people["producer"].person.pk,
        "production": world.facts["production"].pk,
        "talent": world.ids["talent"],
        "talent_org": world.facts["talent"].pk,
        "talent_user": world.people["talent"].person.pk,
        "mandate": world.facts["mandate"].pk,
        "rule_of": world.ids["talent"],
    }
    for table, columns, number in (
        ("crowd_agency", "uuidv7() org, uuidv7() person", scale.agencies - 1),
        ("crowd_studio", "uuidv7() org, uuidv7() person", scale.studios - 1),
        (
            "crowd_talent",
            "uuidv7() org, uuidv7() person, uuidv7() talent, uuidv7() mandate",
            scale.talents - 1,
        ),
    ):
        wire.execute(
            f"create temp table {table} as select n, {columns} from generate_series(1, %s::int) n", [number]
        )  # type: ignore[arg-type]
    for table, kind, name, role in (
        ("crowd_agency", "agency", "Agency", "AGENT"),
        ("crowd_studio", "studio", "Studio", "PRODUCER"),
        ("crowd_talent", "talent_org", "Talent", "TALENT"),
    ):
        person = {"crowd_agency": "agent", "crowd_studio": "producer", "crowd_talent": "talent_user"}[table]
        _copy(wire, "accounts_organisation", table, "s.id", real[kind], {
            "id": "c.org", "name": f"'{name} ' || c.n", "slug": f"'{name.lower()}-crowd-' || c.n",
        })  # fmt: skip
        _copy(wire, "accounts_user", table, "s.id", real[person], {
            "id": "c.person", "email": f"'{name.lower()}' || c.n || '@crowd.test'", "full_name": f"'{name} Person ' || c.n",
        })  # fmt: skip
        wire.execute(
            f"insert into accounts_membership (id, created_at, role, user_id, organisation_id)"  # type: ignore[arg-type]
            f" select uuidv7(), now(), '{role}', person, org from {table}"
        )
    _copy(wire, "licensing_talent", "crowd_talent", "s.id", real["talent"], {
        "id": "c.talent", "organisation_id": "c.org", "user_id": "c.person",
        "stage_name": "'Talent Person ' || c.n", "handle": "'crowd-' || c.n",
    })  # fmt: skip
    _copy(wire, "licensing_visibilityrule", "crowd_talent", "s.talent_id", real["talent"], {
        "id": "uuidv7()", "talent_id": "c.talent", "set_by_id": "c.person",
    })  # fmt: skip
    for table, row in (
        ("crowd_agency", {"org": real["agency"], "person": real["agent"]}),
        ("crowd_studio", {"org": real["studio"], "person": real["producer"]}),
        ("crowd_talent", {
            "org": real["talent_org"], "person": real["talent_user"], "talent": real["talent"], "mandate": real["mandate"],
        }),
    ):  # fmt: skip
        names = ", ".join(row)
        wire.execute(
            f"insert into {table} (n, {names}) values (0, {', '.join(['%s'] * len(row))})",
            list(row.values()),  # type: ignore[arg-type]
        )
    agencies = scale.agencies
    wire.execute(
        "alter table crowd_talent add agency uuid, add agent uuid; "
        f"update crowd_talent t set agency = a.org, agent = a.person from crowd_agency a where a.n = mod(t.n, {agencies})"  # type: ignore[arg-type]
    )
    _copy(wire, "licensing_mandate", "(select * from crowd_talent where n > 0)", "s.id", real["mandate"], {
        "id": "c.mandate", "talent_id": "c.talent", "agency_id": "c.agency", "agent_id": "c.agent",
        "granted_by_id": "c.person",
    })  # fmt: skip
    wire.execute(
        "create temp table crowd_production as select row_number() over () - 1 n, s.org, s.person, uuidv7() production"
        f" from crowd_studio s, generate_series(1, {PRODUCTIONS_A_STUDIO}) m order by m, s.n"  # type: ignore[arg-type]
    )
    wire.execute(
        "delete from crowd_production where n = (select min(n) from crowd_production where org = %s)",
        [real["studio"]],
    )
    _copy(wire, "licensing_production", "crowd_production", "s.id", real["production"], {
        "id": "c.production", "organisation_id": "c.org", "title": "'Crowd Picture ' || c.n",
        "origin": "'crowd.test/log/' || c.production",
    })  # fmt: skip
    wire.execute(
        "insert into crowd_production (n, org, person, production)"
        " select coalesce(max(n), 0) + 1, %s, %s, %s from crowd_production",
        [real["studio"], real["producer"], real["production"]],
    )
    wire.execute(
        "create temp table crowd_places as select row_number() over () - 1 place, * from crowd_production"
    )
    wire.execute("analyze crowd_talent; analyze crowd_places")


def _deal(wire: psycopg.Connection, number: int, what: str, *, first: int = 0) -> None:
    """Deal ``number`` requests out to talents and productions in turn, each with ids for all its rows."""
    wire.execute("drop table if exists crowd_deal")
    wire.execute(
        "create temp table crowd_deal as"
        " select d.n, d.what, uuidv7() jti, uuidv7() licence, uuidv7() request, uuidv7() terms, t.talent, t.org talent_org,"
        " t.agency, t.agent, t.mandate, p.org licensee, p.person producer, p.production"
        " from (select n, %s::text what, mod(n, (select count(*) from crowd_talent)) t,"
        " mod(n / 7 + n, (select count(*) from crowd_places)) p from generate_series(%s::bigint, %s::bigint) n) d"
        " join crowd_talent t on t.n = d.t join crowd_places p on p.place = d.p",
        [what, first, first + number - 1],
    )
    wire.execute("analyze crowd_deal")


def _requests(wire: psycopg.Connection, template: str) -> None:
    spread = "* interval '1 minute' * (1 + mod(c.n, 9000))"
    _copy(wire, "licensing_licencerequest", "crowd_deal", "s.id", template, {
        "id": "c.request", "licence_id": "c.licence", "current_id": "c.terms", "talent_id": "c.talent",
        "agency_id": "c.agency", "mandate_id": "c.mandate", "licensee_id": "c.licensee",
        "requested_by_id": "c.producer", "production_id": "c.production",
        "answer_by": f"case when c.what = 'waiting' then now() + 1 {spread} else s.answer_by end",
        "closed_at": f"case when c.what = 'waiting' then null else now() - 1 {spread} end",
    })  # fmt: skip
    _copy(wire, "licensing_termsversion", "crowd_deal", "s.request_id", template, {
        "id": "c.terms", "licence_id": "c.licence", "request_id": "c.request", "created_by_id": "c.producer",
    })  # fmt: skip
    _copy(wire, "licensing_requestaction", "crowd_deal", "s.request_id", template, {
        "id": "uuidv7()", "request_id": "c.request",
        "actor_id": "case s.side when 'LICENSEE' then c.producer when 'AGENT' then c.agent end",
        "organisation_id": "case s.side when 'LICENSEE' then c.licensee when 'AGENT' then c.agency end",
    })  # fmt: skip


def _licences(wire: psycopg.Connection, template: str) -> None:
    row = wire.execute("select coalesce(max(status_list), 0) + 1 from licensing_licencetoken").fetchone()
    assert row is not None
    _copy(wire, "licensing_licencetoken", "crowd_deal", "s.jti", template, {
        "jti": "c.jti", "licence_id": "c.licence", "request_id": "c.request", "terms_id": "c.terms",
        "talent_id": "c.talent", "agency_id": "c.agency", "licensee_id": "c.licensee",
        "production_id": "c.production", "status_list": f"{row[0]} + c.n / 100000", "status_index": "mod(c.n, 100000)",
        # nine of ten have ended
        "state": "case when mod(c.n, 10) = 0 then s.state else 'EXPIRED' end",
        "not_before": "case when mod(c.n, 10) = 0 then s.not_before else s.not_before - interval '1 year' end",
        "not_after": "case when mod(c.n, 10) = 0 then s.not_after - mod(c.n, 80) * interval '1 day' else s.not_after - interval '1 year' end",
    })  # fmt: skip
    _copy(
        wire,
        "licensing_grantstatement",
        "crowd_deal",
        "s.token_id",
        template,
        {"id": "uuidv7()", "token_id": "c.jti"},
    )
    wire.execute(
        "insert into receipts_quota (token_jti, counter, most, granted) select jti, 'frames', 3000, mod(n, 3000) from crowd_deal"
    )


def _records(wire: psycopg.Connection, world: World) -> None:
    """What happened, of each licence, and a notice to the studio of every twentieth."""
    names = columns_of(wire, "audit_event", but=("number",))
    instead = {
        "id": "uuidv7()", "object_id": "c.jti", "production_id": "c.production", "organisation_id": "c.licensee",
        "person_id": "c.producer", "visible_to": "jsonb_build_array(c.licensee, c.agency, c.talent_org)", "log_entry": "null",
        "at": "now() - mod(c.n, 500000) * interval '1 minute'",
    }  # fmt: skip
    values = ", ".join(instead.get(name, f"s.{name}") for name in names)
    wire.execute(
        f"insert into audit_event ({', '.join(names)}) select {values} from (select * from audit_event"  # type: ignore[arg-type]
        f" where kind = 'licence.issued' and object_id = %s limit 1) s, crowd_deal c, generate_series(1, {EVENTS_A_LICENCE})",
        [world.ids["jti"]],
    )
    wire.execute(
        "insert into licensing_alert (id, created_at, kind, threshold_days, due_at, raised_at, token_id)"
        " select uuidv7(), now(), 'TOKEN_EXPIRY', 30, now(), now(), jti from crowd_deal where mod(n, 20) = 0"
    )


def _copy(
    wire: psycopg.Connection, table: str, source: str, column: str, key: Any, instead: dict[str, str]
) -> None:
    """Copy the row of ``table`` where ``column`` is ``key`` for every row of ``source``."""
    names = columns_of(wire, table)
    values = ", ".join(instead.get(name, f"s.{name}") for name in names)
    rows = source if source.startswith("(") else f"(select * from {source})"
    wire.execute(
        f"insert into {table} ({', '.join(names)}) select {values} from {table} s, {rows} c where {column} = %s",  # type: ignore[arg-type]
        [key],
    )
