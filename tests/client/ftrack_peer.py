"""What answers the API calls of ftrack's own client library in the tests: a peer, not ftrack's server.

It speaks the five actions that the adapter causes (server information, schemas, query, create, update) for the entity
types that it needs, on 127.0.0.1, and keeps rows in memory. ftrack's server is hosted and cannot be installed here.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SCHEMAS: dict[str, dict[str, Any]] = {
    "Shot": {"id": "s", "name": "s", "project_id": "s", "metadata": "map"},
    "Task": {"id": "s", "name": "s", "project_id": "s", "parent_id": "s", "status_id": "s", "status": "Status"},
    "Status": {"id": "s", "name": "s"},
    "User": {"id": "s", "username": "s"},
    "Note": {"id": "s", "content": "s", "parent_id": "s", "parent_type": "s", "author": "User"},
    "Metadata": {"parent_id": "s", "parent_type": "s", "key": "s", "value": "s"},
    "Location": {"id": "s", "name": "s"},
}  # fmt: skip
_QUERY = re.compile(
    r"select (?P<fields>.+?) from (?P<kind>\w+)(?: where (?P<where>.+?))?(?: (?:offset|limit) .*)?$"
)
_IS = re.compile(r'(\w+) is "?([^"]*?)"?$')
_KEY = re.compile(r'metadata any \(key is "(\w+)"\)$')


def schemas() -> list[dict[str, Any]]:
    """As ``query_schemas`` answers."""
    found = []
    for name, fields in SCHEMAS.items():
        properties: dict[str, Any] = {}
        for field, kind in fields.items():
            if kind == "s":
                properties[field] = {"type": "string"} | ({"default": "{uid}"} if field == "id" else {})
            elif kind == "map":
                properties[field] = {"type": "mapped_array", "items": {"$ref": "Metadata"}}
            else:
                properties[field] = {"$ref": kind}
        key = ["parent_id", "key"] if name == "Metadata" else ["id"]
        found.append(
            {
                "id": name,
                "type": "object",
                "properties": properties,
                "primary_key": key,
                "default_projections": key,
                "immutable": key,
                "computed": [],
            }
        )
    return found


class FtrackPeer:
    """Rows by type and id; ``url`` is what a session is told as its server."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in SCHEMAS}
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                calls = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body = json.dumps([peer.answer(call) for call in calls]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, kind: str, **fields: Any) -> dict[str, Any]:
        row = {"id": str(uuid.uuid4())} | fields
        self.rows[kind][self._key(kind, row)] = row
        return row

    def metadata(self, parent: dict[str, Any]) -> dict[str, str]:
        return {row["key"]: row["value"] for row in self._metadata_of(parent["id"])}

    def tell(self, parent: dict[str, Any], key: str, value: str) -> None:
        self.add("Metadata", parent_id=parent["id"], parent_type="Shot", key=key, value=value)

    def answer(self, call: dict[str, Any]) -> Any:
        match call["action"]:
            case "query_server_information":
                return {"version": "4.14.0", "schema_hash": "tests", "is_timezone_support_enabled": True}
            case "query_schemas":
                return schemas()
            case "query":
                return {"data": self._query(call["expression"]), "metadata": {"next": {"offset": None}}}
            case "create" | "update":
                return {"action": call["action"], "data": self._write(call)}
        raise NotImplementedError(call["action"])

    def _query(self, expression: str) -> list[dict[str, Any]]:
        found = _QUERY.fullmatch(expression.strip())
        assert found, f"the peer does not know this query: {expression}"
        kind, rows = found["kind"], list(self.rows[found["kind"]].values())
        for part in (found["where"] or "").split(" and "):
            if equal := _IS.fullmatch(part.strip()):
                rows = [row for row in rows if row.get(equal[1]) == equal[2]]
            elif key := _KEY.fullmatch(part.strip()):
                rows = [
                    row for row in rows if any(one["key"] == key[1] for one in self._metadata_of(row["id"]))
                ]
            else:
                assert not part.strip(), f"the peer does not know this condition: {part}"
        fields = [field.strip() for field in found["fields"].split(",")]
        return [self._shown(kind, row, fields) for row in rows]

    def _shown(self, kind: str, row: dict[str, Any], fields: list[str]) -> dict[str, Any]:
        shown: dict[str, Any] = {"__entity_type__": kind, "id": row.get("id")}
        for field in fields:
            if field == "metadata":
                shown[field] = [{"__entity_type__": "Metadata"} | one for one in self._metadata_of(row["id"])]
            elif field == "status.name":
                status = self.rows["Status"][row["status_id"]]
                shown["status"] = {"__entity_type__": "Status"} | status
            else:
                shown[field] = row.get(field)
        return shown

    def _metadata_of(self, parent_id: str) -> list[dict[str, Any]]:
        return [
            {name: value for name, value in row.items() if name != "id"}
            for row in self.rows["Metadata"].values()
            if row["parent_id"] == parent_id
        ]

    def _write(self, call: dict[str, Any]) -> dict[str, Any]:
        kind, data = call["entity_type"], dict(call["entity_data"])
        data.pop("__entity_type__")
        key = "/".join(call["entity_key"])
        stored = self.rows[kind].setdefault(key, {})
        stored.update(data)
        return {"__entity_type__": kind} | stored

    @staticmethod
    def _key(kind: str, row: dict[str, Any]) -> str:
        return f"{row['parent_id']}/{row['key']}" if kind == "Metadata" else row["id"]
