"""A document's entities in a file of its own beside the process, so that however many there are, memory stays flat.

SQLite's temporary database: on disk once it outgrows its cache, gone when it is closed. It holds each entity once under
all of its identifiers, which references stand where, and, as a plan is made, what needs what and in which order. Rows are
numbered; what stands for an entity elsewhere is its number.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from provenance.omc.checking import (
    DEPTH_MAX,
    Key,
    Problem,
    entities_in,
    keys_of,
    problems_of_root,
    references_in,
)
from provenance.omc.naming import Entity
from provenance.omc.streaming import Root

_CACHE_KIB: Final = 16 * 1024
_CHUNK: Final = 500
_READ_AGAIN_FREE: Final = 4096
READ_AGAIN_MAX: Final = 256 << 20
"""Bytes of large entities that a document may have read and written anew by telling of them again."""
_MADE = """
create table entity (id integer primary key, kind text not null, scope text not null, value text not null, told text not null,
    fields text not null,    previous integer, first integer, maker integer, found text);
create index entity_by_kind on entity (kind, id);
create table name (scope text, value text, entity integer not null, primary key (scope, value)) without rowid;
create table reference (keys text primary key, place text not null) without rowid;
create table need (node integer, dep integer, primary key (node, dep)) without rowid;
create index need_by_dep on need (dep, node);
create table waiting (node integer primary key, number integer not null);
create table step (seq integer primary key, node integer not null);
"""


class Spool:
    """Entities by number and by identifier, and the order in which they can be recorded."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        for setting in (f"cache_size = -{_CACHE_KIB}", "journal_mode = off", "synchronous = off"):
            self._db.execute(f"pragma {setting}")
        self._db.executescript(_MADE)
        self._db.execute("begin")
        self.count = 0
        """How many identifiers are known."""
        self._read_again = 0

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    # -- what is told ------------------------------------------------------------------------------------------------

    def add(self, root: Root) -> list[Problem]:
        """Take in an entity with those that are embedded in it; what is wrong with it, if anything is."""
        told, where, kind = root
        if not is_shallow(told):
            return [Problem("OMC_TOO_DEEP", where, f"nested deeper than {DEPTH_MAX}")]
        if problems := problems_of_root(told, where, kind):
            return problems
        for entity, place in entities_in(told):
            if not keys_of(entity):
                return [Problem("OMC_SCHEMA", where + place, "an entity without an identifier")]
            self._add(entity)
            if self._read_again > READ_AGAIN_MAX:
                return [Problem("OMC_TOO_LARGE", where + place, "large entities are told too often")]
        for keys, place in references_in(told):
            self._db.execute(
                "insert or ignore into reference values (?, ?)", [json.dumps(keys), where + place]
            )
        return []

    def _add(self, entity: Entity) -> None:
        keys = keys_of(entity)
        if (known := self.find(keys[0])) is None:
            row = [entity["entityType"], *keys[0], json.dumps(entity), json.dumps(sorted(entity))]
            number = self._db.execute(
                "insert into entity (kind, scope, value, told, fields) values (?, ?, ?, ?, ?)", row
            ).lastrowid
            known = number or 0
        else:
            self._complete(known, entity)
        added = self._db.executemany(
            "insert or ignore into name values (?, ?, ?)", [(*key, known) for key in keys]
        )
        self.count += max(0, added.rowcount)

    def _complete(self, known: int, entity: Entity) -> None:
        """Add what an entity says of itself for the first time: embedded in another it may be told in short."""
        fields = str(self._one("select fields from entity where id = ?", known))
        self._charge(len(fields))
        if entity.keys() <= set(json.loads(fields)):
            return  # what was told first stands
        whole = entity | self.entity(known)
        told = json.dumps(whole)
        self._charge(len(told))
        self._db.execute(
            "update entity set told = ?, fields = ? where id = ?", [told, json.dumps(sorted(whole)), known]
        )

    def _charge(self, size: int) -> None:
        self._read_again += max(0, size - _READ_AGAIN_FREE)

    def dangling(self) -> Iterator[Problem]:
        """References that lead nowhere."""
        for keys, place in self._db.execute("select keys, place from reference order by keys"):
            found = [tuple(key) for key in json.loads(keys)]
            if all(self.find((scope, value)) is None for scope, value in found):
                yield Problem("OMC_REFERENCE", place, "/".join(found[0])[:200])

    # -- what is there -----------------------------------------------------------------------------------------------

    def knows(self, told: Any) -> bool:
        """Whether an entity was told of before, by its first identifier."""
        keys = keys_of(told) if isinstance(told, dict) else []
        return bool(keys) and self.find(keys[0]) is not None

    def find(self, key: Key | None) -> int | None:
        """The number of the entity that an identifier names."""
        if key is None:
            return None
        return self._number("select entity from name where scope = ? and value = ?", *key)

    def key(self, number: int) -> Key:
        """The identifier of an entity, the first of several."""
        return tuple(self._row("select scope, value from entity where id = ?", number))

    def entity(self, number: int) -> Entity:
        """An entity as it was told."""
        found: Entity = json.loads(self._one("select told from entity where id = ?", number))
        return found

    def kind(self, number: int) -> str:
        """The type of an entity."""
        return str(self._one("select kind from entity where id = ?", number))

    def of_kind(self, kind: str) -> Iterator[int]:
        """The numbers of all entities of a type; more may be written meanwhile."""
        last = 0
        while found := self._db.execute(
            "select id from entity where kind = ? and id > ? order by id limit ?", [kind, last, _CHUNK]
        ).fetchall():
            yield from (number for (number,) in found)
            last = found[-1][0]

    def kinds(self) -> dict[str, int]:
        """How many entities there are of each type."""
        return dict(self._db.execute("select kind, count(*) from entity group by kind order by kind"))

    # -- what a plan says of it --------------------------------------------------------------------------------------

    def set_previous(self, number: int, previous: int | None) -> None:
        """Say which version came before one."""
        self._db.execute("update entity set previous = ?, first = ? where id = ?", [previous, number, number])

    def set_maker(self, number: int, run: int) -> bool:
        """Say which run made a version, if it is a first one."""
        return bool(
            self._db.execute(
                "update entity set maker = ? where id = ? and previous is null", [run, number]
            ).rowcount
        )

    def previous(self, number: int) -> int | None:
        """The version before one."""
        return self._number("select previous from entity where id = ?", number)

    def first(self, number: int) -> int:
        """The first version of the thing, once those before this one have their places."""
        return int(self._one("select first from entity where id = ?", number))

    def maker(self, number: int) -> int | None:
        """The run that made a version and records it."""
        return self._number("select maker from entity where id = ?", number)

    def need(self, node: int, deps: Iterable[int]) -> None:
        """Say what stands before a node."""
        rows = [(node, dep) for dep in deps if dep != node]
        self._db.execute("insert or ignore into waiting values (?, 0)", [node])
        self._db.executemany("insert or ignore into need values (?, ?)", rows)

    def put_in_order(self) -> int | None:
        """Give each node its place behind all that it needs; return one that stands in a circle, if one does (Kahn)."""
        count = "update waiting set number = (select count(*) from need where need.node = waiting.node)"
        self._db.execute(count)
        self._db.execute("insert into step (node) select node from waiting where number = 0 order by node")
        at = 0
        while (node := self._one("select node from step where seq = ?", at + 1)) is not None:
            at += 1
            if (before := self.previous(node)) is not None:
                self._db.execute(
                    "update entity set first = (select first from entity where id = ?) where id = ?",
                    [before, node],
                )
            for (child,) in self._db.execute(
                "select node from need where dep = ? order by node", [node]
            ).fetchall():
                self._db.execute("update waiting set number = number - 1 where node = ?", [child])
                if self._one("select number from waiting where node = ?", child) == 0:
                    self._db.execute("insert into step (node) values (?)", [child])
        return self._in_circle()

    def _in_circle(self) -> int | None:
        stuck: int | None = self._one("select node from waiting where number > 0 order by node limit 1")
        seen: set[int] = set()
        while stuck is not None and stuck not in seen:
            seen.add(stuck)
            stuck = self._one(
                "select n.dep from need n join waiting w on w.node = n.dep where n.node = ? and w.number > 0 limit 1",
                stuck,
            )
        return stuck

    def steps(self) -> Iterator[int]:
        """The nodes in their order."""
        last = 0
        while found := self._db.execute(
            "select seq, node from step where seq > ? order by seq limit ?", [last, _CHUNK]
        ).fetchall():
            yield from (node for _seq, node in found)
            last = found[-1][0]

    # -- what a graph has of it --------------------------------------------------------------------------------------

    def set_found(self, number: int, version: UUID) -> None:
        """Say which version of the graph an entity is."""
        self._db.execute("update entity set found = ? where id = ?", [str(version), number])

    def found(self, number: int) -> UUID | None:
        """The version of the graph that an entity is; ``None``: not yet."""
        text = self._one("select found from entity where id = ?", number)
        return UUID(text) if text else None

    def _row(self, statement: str, *values: Any) -> tuple[Any, ...]:
        found: tuple[Any, ...] | None = self._db.execute(statement, values).fetchone()
        return found or (None,)

    def _number(self, statement: str, *values: Any) -> int | None:
        found: int | None = self._one(statement, *values)
        return found

    def _one(self, statement: str, *values: Any) -> Any:
        return self._row(statement, *values)[0]


def is_shallow(told: Any) -> bool:
    """Whether nothing in a value is nested deeper than ``DEPTH_MAX``."""
    level = [told]
    for _ in range(DEPTH_MAX):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return True
    return False
