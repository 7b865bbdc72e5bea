"""OMC-JSON documents by themselves: what holds, what does not, and what a graph would make of them."""

from __future__ import annotations

import copy
import io
import json
import tracemalloc
from pathlib import Path

import pytest

from common.errors import InvalidInput, Malformed
from provenance.omc.checking import problems_of
from provenance.omc.reading import ENTITIES_MAX, read_document
from trustmark.cli import omc as cli

SCOPE = "org.example.likeness"
SCHEMA = "https://movielabs.com/omc/json/schema/v2.8"


def given_document() -> dict:
    """A small graph as it was handed to us: valid by the schema, with two references that lead nowhere."""
    return json.loads((Path(__file__).parents[1] / "data" / "omc_min_graph.json").read_bytes())


@pytest.fixture
def document():
    told = given_document()
    for kind, value in (("Participant", "ptc/talent"), ("Character", "chr/1")):
        entity = {"schemaVersion": SCHEMA, "entityType": kind}
        entity["identifier"] = [{"identifierScope": SCOPE, "identifierValue": value}]
        told.setdefault(kind, []).append(entity)
    return told


def ref(value: str) -> dict:
    return {"identifier": [{"identifierScope": "film", "identifierValue": value}]}


def asset(value: str, *, of: str | None = None, revises: str | None = None, **more) -> dict:
    version = {"DerivationOf": ref(of)} if of else {}
    version |= {"RevisionOf": ref(revises)} if revises else {}
    return {
        "schemaVersion": SCHEMA,
        "entityType": "Asset",
        **ref(value),
        "name": value,
        "version": version,
    } | more


def test_a_document_that_holds_has_no_problems(document):
    assert problems_of(document) == []
    lost = sorted(problem.says for problem in problems_of(given_document()))
    assert lost == [f"{SCOPE}/chr/1", f"{SCOPE}/ptc/talent"]


@pytest.mark.req("GP-046")
def test_what_the_schema_forbids_and_what_it_cannot_see_are_told_apart(document):
    broken = copy.deepcopy(document)
    broken["Asset"][0]["colour"] = "blue"
    assert [problem.code for problem in problems_of(broken)] == ["OMC_SCHEMA"]
    dangling = copy.deepcopy(document)
    lost = {"identifier": [{"identifierScope": "x", "identifierValue": "ast/nobody"}]}
    dangling["Asset"][0]["version"]["DerivationOf"] = lost
    (problem,) = problems_of(dangling)
    assert (problem.code, problem.says) == ("OMC_REFERENCE", "x/ast/nobody")
    hidden = copy.deepcopy(document)
    hidden["Asset"][0]["customData"][0]["value"]["seen"] = lost
    assert [problem.code for problem in problems_of(hidden)] == ["OMC_REFERENCE"]


@pytest.mark.parametrize("bad", [None, 7, "x", [], {"Asset": "x"}, {"entityType": "Asset"}, [[[]]]])
def test_what_is_no_document_is_refused_with_a_code(bad):
    if bad == []:
        assert list(read_document(bad, scope=SCOPE).steps()) == []
        return
    with pytest.raises(InvalidInput) as refused:
        read_document(bad, scope=SCOPE)
    assert refused.value.code == "OMC_INVALID"


def test_a_document_without_a_floor_is_refused():
    deep: dict = {}
    for _ in range(500):
        deep = {"customData": [deep]}
    with pytest.raises(InvalidInput) as refused:
        read_document({"Asset": [deep]}, scope=SCOPE)
    assert refused.value.code == "OMC_INVALID"


def test_things_stand_before_what_was_made_of_them_whatever_the_order():
    plan = read_document(
        [asset("c", of="b"), asset("b2", revises="b"), asset("b", of="a"), asset("a")], scope=SCOPE
    )
    order = [plan.spool.key(node)[1] for node in plan.steps()]
    assert order.index("a") < order.index("b") < order.index("c")
    assert order.index("b") < order.index("b2")
    assert plan.version(plan.node(("film", "b2"))).thing == plan.version(plan.node(("film", "b"))).thing


def test_a_circle_is_refused():
    with pytest.raises(InvalidInput) as refused:
        read_document([asset("a", of="b"), asset("b", of="a")], scope=SCOPE)
    assert refused.value.code == "OMC_CIRCLE"
    with pytest.raises(InvalidInput) as refused:
        read_document([asset("a", revises="b"), asset("b", revises="a")], scope=SCOPE)
    assert refused.value.code == "OMC_CIRCLE"


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "EATEN_BY", "parent": ref("b")},
        {"kind": "EDITED_FROM", "parent": ref("b"), "frameFirst": "1; DROP TABLE"},
        {"kind": "EDITED_FROM", "parent": ref("b"), "region": "((1,2),(3"},
        {"kind": "EDITED_FROM"},
        {"kind": "EDITED_FROM", "parent": ref("b"), "role": "CHEF"},
        17,
    ],
)
def test_custom_data_of_ours_that_does_not_read_is_refused(value):
    custom = [{"domain": SCOPE, "namespace": "relations", "value": [value]}]
    with pytest.raises(InvalidInput) as refused:
        read_document([asset("a", customData=custom), asset("b")], scope=SCOPE)
    assert refused.value.code == "OMC_FACTS_UNREADABLE"


def test_custom_data_of_others_is_theirs(document):
    document["Asset"][0]["customData"] = [{"domain": "elsewhere", "namespace": "relations", "value": 17}]
    assert len(list(read_document(document, scope=SCOPE).versions())) == 2


def test_the_command_checks_without_a_deployment(document, tmp_path, capsys):
    path = tmp_path / "film.json"
    path.write_text(json.dumps(document))
    assert cli.main(["check", str(path)]) == 0
    document["Asset"][0]["version"]["DerivationOf"] = ref("<script>alert(1)</script>")
    path.write_text(json.dumps(document))
    assert cli.main(["check", str(path)]) == 4
    assert json.loads(capsys.readouterr().out)["code"] == "OMC_REFERENCE"
    path.write_bytes(b"{")
    assert cli.main(["check", str(path)]) == 1
    assert cli.main(["check", str(tmp_path / "missing.json")]) == 1


def measured(document: dict) -> tuple[object, int]:
    """What became of a document, and the most that was held beside it, in bytes."""
    tracemalloc.start()
    try:
        return read_document(document, scope=SCOPE), tracemalloc.get_traced_memory()[1]
    except InvalidInput as error:
        return error, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_document_over_the_limit_is_refused_by_counting_alone_and_one_below_is_read_in_bounded_memory():
    many = [
        asset(f"a{number}", of=f"a{number - 1}" if number % 10 else None) for number in range(ENTITIES_MAX)
    ]
    over = {"Asset": [*many, {**asset("one too many"), "colour": "not in the schema"}]}
    refused, peak = measured(over)
    # counted before the schema is asked, so that a hostile document costs no more than this
    assert (refused.code, peak < 40_000_000) == ("OMC_TOO_LARGE", True), peak
    plan, peak = measured({"Asset": many[:2_000]})
    assert len(list(plan.steps())) == 2_000
    assert peak / 2_000 < 6_000, peak
    # the same entity told twice counts once
    assert len(list(read_document({"Asset": [*many[:20], *many[:20]]}, scope=SCOPE).versions())) == 20


def many_as_bytes(count: int) -> bytes:
    """A document of ``count`` assets, ten versions of each thing made of one another."""
    told = [asset(f"a{n}", of=f"a{n - 1}" if n % 10 else None) for n in range(count)]
    return json.dumps({"Asset": told}).encode()


def test_a_stream_is_read_in_memory_that_does_not_grow_with_it(tmp_path: Path) -> None:
    peaks = []
    for count in (1_000, 6_000):
        (tmp_path / "film.json").write_bytes(many_as_bytes(count))
        tracemalloc.start()
        with (tmp_path / "film.json").open("rb") as stream:
            plan = read_document(stream, scope=SCOPE, most=10_000)
            assert sum(1 for _ in plan.steps()) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        plan.spool.close()
    assert peaks[1] < 1.2 * peaks[0], peaks


WHOLE = many_as_bytes(3)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "JSON_MALFORMED"),
        (WHOLE[:-20], "JSON_MALFORMED"),
        (WHOLE + b"[]", "JSON_MALFORMED"),
        (WHOLE.replace(b'"name": "a1"', b'"name": "a1", "name": "a2"'), "JSON_MALFORMED"),
        (b'{"Asset":[],"Asset":[]}', "JSON_MALFORMED"),
        (WHOLE.replace(b'"a1"', b"NaN"), "JSON_MALFORMED"),
        (WHOLE.replace(b'"name": "a1"', b'"name": 1e999'), "JSON_MALFORMED"),
        (WHOLE.replace(b'"name": "a1"', b'"name": "\xff"'), "JSON_MALFORMED"),
        (WHOLE.replace(b'"name": "a1"', rb'"name": "\ud800"'), "JSON_MALFORMED"),
        (WHOLE.replace(b'"name": "a1"', rb'"name": "\udc00\ud800"'), "JSON_MALFORMED"),
        (b"[" * 5000 + b"]" * 5000, "JSON_MALFORMED"),
        (WHOLE.replace(b'"name": "a1"', b'"name": "' + b"x" * (4 * 1024 * 1024) + b'"'), "OMC_TOO_LARGE"),
        (b"7", "OMC_INVALID"),
        (b'{"Asset": {}}', "OMC_INVALID"),
        (b'{"Asset": [], "Nonsense": []}', "OMC_INVALID"),
        (b'{"Asset": [{"name": "<script>"}]}', "OMC_INVALID"),
        (WHOLE.replace(b'"Asset": [', b'"Task": [', 1), "OMC_INVALID"),
        (WHOLE.replace(b'"film"', b'"elsewhere"', 1), "OMC_INVALID"),
    ],
)
def test_a_stream_that_does_not_hold_has_its_code_in_the_reader_and_in_the_command(
    body: bytes, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises((InvalidInput, Malformed)) as refused:
        read_document(io.BytesIO(body), scope=SCOPE)
    assert refused.value.code == code
    (path := tmp_path / "film.json").write_bytes(body)
    exit_code = cli.main(["check", str(path)])
    assert exit_code == (1 if code == "JSON_MALFORMED" else 4)
    said = capsys.readouterr().out
    assert said.startswith('{"code": ')
    assert "<script>" not in said


@pytest.mark.parametrize("told", [{"Asset": [asset("a")]}, [asset("a")], asset("a")])
def test_lists_by_type_a_list_and_one_entity_are_documents(told: object) -> None:
    plan = read_document(io.BytesIO(json.dumps(told).encode()), scope=SCOPE)
    assert [plan.spool.key(node) for node in plan.steps()] == [("film", "a")]


@pytest.mark.parametrize("shift", range(0, 14, 3))
def test_characters_of_two_halves_are_read_wherever_the_stream_is_cut(shift: int) -> None:
    class Cut(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(7 + shift if size else size)

    body = json.dumps({"Asset": [asset("😀 \\ud800 \\\\ud800")]}).encode()
    assert rb"\ud83d\ude00 \\ud800" in body
    plan = read_document(Cut(body), scope=SCOPE)
    assert [key for _node, key in plan.versions()] == [("film", "😀 \\ud800 \\\\ud800")]


def test_an_entity_with_two_identifiers_is_one_thing_by_either() -> None:
    twice = asset("a")
    twice["identifier"] = [*ref("a")["identifier"], *ref("also a")["identifier"]]
    plan = read_document([twice, asset("b", of="also a")], scope=SCOPE)
    assert [key for _node, key in plan.versions()] == [("film", "a"), ("film", "b")]
    assert [plan.spool.key(node)[1] for node in plan.steps()] == ["a", "b"]


def custom(*values: dict) -> dict:
    return {"customData": [{"domain": "elsewhere", "namespace": "notes", "value": list(values)}]}


def test_an_entity_told_again_adds_what_is_new_and_cannot_have_a_large_one_rewritten_without_end() -> None:
    large = asset("large", **custom({"text": "x" * 2_000_000}))
    short = {"entityType": "Asset", **ref("large")}
    many = asset("many", **custom(*[short] * 5000))
    read_document([large, many], scope=SCOPE)  # nothing new in them: nothing is written
    each_more = [short | {f"word{number}": 1} for number in range(500)]
    with pytest.raises(InvalidInput) as refused:
        read_document([large, asset("many", **custom(*each_more))], scope=SCOPE)
    assert "told too often" in refused.value.detail


def test_an_entity_that_names_nothing_is_refused_wherever_it_stands() -> None:
    nameless = {"entityType": "Asset", "identifier": []}
    for told in ([asset("a", **custom(nameless))], [asset("a"), asset("b") | {"identifier": []}]):
        with pytest.raises(InvalidInput) as refused:
            read_document(told, scope=SCOPE)
        assert refused.value.code == "OMC_INVALID"
