"""Read a contract's text strictly: the Open Data Contract Standard by its own package, and nothing around it.

YAML (and so JSON) without what makes two readers see two things: a name twice, anchors, tags, dates that become
something else. The text itself is what is kept and hashed; what is read here is only ever derived from it.

    >>> contract = read_contract(text)                      # doctest: +SKIP
    >>> contract.id, contract.version                       # doctest: +SKIP
    ('partner-reels', '1.0.0')

Source: Open Data Contract Standard v3, https://bitol-io.github.io/open-data-contract-standard/.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import jsonschema_rs
import yaml
from open_data_contract_standard.model import OpenDataContractStandard
from pydantic import ValidationError

from common.errors import InvalidInput
from trustcore.encoding import sha256_hex

BYTES_MAX: Final = 256 * 1024
_FAULTS_TOLD = 20
_FAMILY = "v3."


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as it was written, with its hash, and as the standard's own package reads it."""

    text: str
    hash: str
    plain: dict[str, Any]
    document: OpenDataContractStandard

    @property
    def id(self) -> str:
        """The name that all its versions share."""
        return str(self.document.id)

    @property
    def version(self) -> str:
        """Which of them this is."""
        return str(self.document.version)


def read_contract(text: str) -> Contract:
    """Read ``text``.

    Raises:
        InvalidInput: ``CONTRACT_INVALID`` with every fault: no YAML, or not of the standard's third version.
    """
    plain = _loaded(text)
    faults = [_told(one) for one in _standard().iter_errors(plain)]
    if not faults and not str(plain["apiVersion"]).startswith(_FAMILY):
        faults.append({"at": "apiVersion", "fault": f"not {_FAMILY}x"})
    if faults:
        raise _invalid(faults)
    try:
        document = OpenDataContractStandard(**plain)
    except ValidationError as error:
        raise _invalid(
            [{"at": _path(one["loc"]), "fault": str(one["msg"])} for one in error.errors()]
        ) from error
    return Contract(text, f"sha256:{sha256_hex(text.encode())}", plain, document)


class _Loader(yaml.SafeLoader):
    """Safe YAML without anchors, without a name twice, and with dates left as they are written."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="anchors are not read")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names = [self.construct_object(key, deep=True) for key, _value in node.value]
        if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
            raise yaml.MarkedYAMLError(problem="a name twice, or none", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, form) for tag, form in forms if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge")]
    for letter, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}  # fmt: skip


def _loaded(text: str) -> dict[str, Any]:
    if len(text.encode()) > BYTES_MAX or "\0" in text:
        raise _invalid([{"at": "", "fault": f"longer than {BYTES_MAX} bytes, or not text"}])
    try:
        plain = yaml.load(text, _Loader)  # noqa: S506 - a safe loader, made stricter
        json.dumps(plain, allow_nan=False)
    except yaml.YAMLError as error:
        raise _invalid([{"at": "", "fault": str(error)[:300]}]) from error
    except (RecursionError, ValueError, TypeError) as error:
        raise _invalid([{"at": "", "fault": "too deep, or holding what JSON has not"}]) from error
    if not isinstance(plain, dict):
        raise _invalid([{"at": "", "fault": "no names and values"}])
    return plain


@cache
def _standard() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(
        # the schema that the package ships; its own reader of it warns of being out of date
        json.loads(resources.files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8")),
        pattern_options=jsonschema_rs.RegexOptions(), offline=True,
    )  # fmt: skip


def _told(fault: jsonschema_rs.ValidationError) -> dict[str, str]:
    return {"at": _path(fault.instance_path), "fault": fault.message[:300]}


def _path(parts: Any) -> str:
    return ".".join(str(part) for part in parts)


def _invalid(faults: list[dict[str, str]]) -> InvalidInput:
    return InvalidInput(
        "CONTRACT_INVALID", "This is no contract in the Open Data Contract Standard.",
        "; ".join(f"{one['at'] or '-'}: {one['fault']}" for one in faults[:3]), {"faults": faults[:_FAULTS_TOLD]},
    )  # fmt: skip
