"""The pure writers of a bundle's pieces: receipt rows, statement, manifests."""

import base64
import csv
import io
import json

import pytest
import rfc8785
from msgspec.structs import replace

from tests.trustcore.bundling import (
    ALL_KEYS,
    BUNDLE_SIGNER,
    TOKEN_SIGNER,
    authorised,
    checked,
    frame,
    long_frame,
    some_entries,
    unauthorised,
)
from trustcore.bundle.bag import encode_bag_info, encode_manifest, parse_manifest, payload_oxum
from trustcore.bundle.layout import CSV_COLUMNS, PREDICATE_TYPE, STATEMENT_TYPE
from trustcore.bundle.ledger import CSV_HEADER, Ledger, receipt_lines, take_all
from trustcore.bundle.statement import sign_statement, statement, verify_statement
from trustcore.dsse import pae
from trustcore.encoding import canonical_json
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.receipt import KeyEntry, KeyEvent, encode_entry

CHECK = checked(1, 0, 9)


def test_both_receipt_files_say_the_same():
    leaves = [encode_entry(entry) for entry in some_entries()]
    rows = list(take_all(iter(leaves), Ledger()))
    table = list(
        csv.DictReader(io.StringIO((CSV_HEADER + b"".join(row.csv for row in rows)).decode(), newline=""))
    )
    for row, cells in zip(rows, table, strict=True):
        members = json.loads(row.ndjson)
        assert row.ndjson == rfc8785.dumps(members) + b"\n"
        assert {key: value for key, value in cells.items() if value} == {
            key: str(members[key]) for key in members
        }
        source = json.loads(leaves[members["leaf_index"]])
        assert {key: members[key] for key in source if key != "t"} == {
            k: v for k, v in source.items() if k != "t"
        }
    assert tuple(table[0]) == CSV_COLUMNS
    assert table[0]["shot"] == "sh0450"


def test_a_frame_without_authorisation_shows_its_reason_and_nothing_of_a_check():
    members = json.loads(receipt_lines(7, unauthorised(3), None).ndjson)
    assert members["reason"] == "LEASE_UNKNOWN"
    assert not members.keys() & {"check", "jti", "shot", "use_type", "talent"}
    assert (members["id"], members["lease"]) == ("7", unauthorised(3).lease)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", 'a"b', "a,b", "a\r\nb"])
def test_a_cell_is_neither_a_formula_nor_a_break(text):
    check = replace(CHECK, shot=text)
    (cells,) = csv.DictReader(
        io.StringIO((CSV_HEADER + receipt_lines(0, frame(check, 1), check).csv).decode(), newline="")
    )
    assert cells["shot"].removeprefix("'") == text
    assert cells["shot"][0] not in "=+-@"
    assert cells["lease"] == check.lease


def test_a_lean_entry_and_a_long_one_of_an_older_log_give_the_same_row_but_for_the_id():
    lean, long = (json.loads(receipt_lines(9, make(CHECK, 4), CHECK).ndjson) for make in (frame, long_frame))
    assert (lean.pop("id"), long.pop("id")) == ("9", long_frame(CHECK, 4).id)
    assert lean == long
    assert (lean["jti"], lean["terms_version"]) == (CHECK.jti, CHECK.terms_version)
    assert (lean["lease"], lean["talent"]) == (CHECK.lease, CHECK.talent)


def test_the_same_frame_may_have_another_take_but_not_twice_the_same():
    ledger = Ledger()
    for entry in (authorised(), CHECK, frame(CHECK, 1), frame(CHECK, 1, take=2)):
        ledger.take(encode_entry(entry))
    assert ledger.finish().receipts == 2
    with pytest.raises(InvalidEvidence) as caught:
        ledger.take(encode_entry(replace(frame(CHECK, 1), file_sha256="00" * 32)))
    assert caught.value.reason is InvalidReason.DUPLICATE_FRAME


def test_a_ledger_that_forgot_its_checks_keeps_the_histories_and_takes_no_frame():
    ledger = Ledger()
    for entry in (authorised(), CHECK, frame(CHECK, 1)):
        ledger.take(encode_entry(entry))
    ledger.finish()
    history, grants = ledger.history(CHECK.jti), dict(ledger.grants)
    ledger.forget_checks()
    assert (ledger.history(CHECK.jti), ledger.grants) == (history, grants)
    assert history
    with pytest.raises(InvalidEvidence) as caught:  # fails closed: nothing is judged by what was forgotten
        ledger.take(encode_entry(frame(CHECK, 2)))
    assert caught.value.reason is InvalidReason.UNAUTHORISED_FRAME


def test_end_of_a_key_stands_in_the_log_and_changes_no_count():
    entries = [authorised(), CHECK, frame(CHECK, 1)]
    plain, told = Ledger(), Ledger()
    revoked = KeyEntry(at="2026-11-25T08:00:00Z", event=KeyEvent.REVOKED, kid="k", purpose="TOKEN")
    assert len(list(take_all(map(encode_entry, entries), plain))) == 1
    assert len(list(take_all(map(encode_entry, [*entries, revoked]), told))) == 1
    assert told.size == plain.size + 1
    assert told.finish() == plain.finish()


def test_a_frame_cannot_stand_before_its_check():
    with pytest.raises(InvalidEvidence) as caught:
        list(take_all(iter([encode_entry(frame(CHECK, 1)), encode_entry(CHECK)]), Ledger()))
    assert caught.value.reason is InvalidReason.UNAUTHORISED_FRAME


def test_pae_is_that_of_the_specification():
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_a_statement_is_signed_and_read():
    digests = {"data/b": "0" * 64, "data/a": "1" * 64}
    payload = statement(digests, {"bundle": "b1"})
    assert [item["name"] for item in json.loads(payload)["subject"]] == ["data/a", "data/b"]
    signed = verify_statement(sign_statement(payload, BUNDLE_SIGNER), ALL_KEYS)
    assert (signed.digests, signed.predicate, signed.kid) == (digests, {"bundle": "b1"}, "bundle-1")


def resigned(**changes):
    document = {"_type": STATEMENT_TYPE, "predicateType": PREDICATE_TYPE, "predicate": {}, "subject": []}
    return sign_statement(canonical_json({**document, **changes}), BUNDLE_SIGNER)


def bent(**changes):
    return canonical_json({**json.loads(resigned()), **changes})


SIGNATURE = json.loads(resigned())["signatures"][0]


@pytest.mark.parametrize(
    ("envelope", "reason"),
    [
        (b"", InvalidReason.JSON_INVALID),
        (b"[]", InvalidReason.MALFORMED),
        (bent(signatures=[]), InvalidReason.MALFORMED),
        (bent(signatures=[SIGNATURE, SIGNATURE]), InvalidReason.MALFORMED),
        (bent(payload="*"), InvalidReason.MALFORMED),
        (bent(payload=7), InvalidReason.MALFORMED),
        (resigned() + b"\n", InvalidReason.NOT_CANONICAL),
        (bent(payloadType="text/plain"), InvalidReason.UNSUPPORTED),
        (bent(payload=base64.b64encode(b"{}").decode()), InvalidReason.SIGNATURE_INVALID),
        (bent(signatures=[{**SIGNATURE, "keyid": "token-1"}]), InvalidReason.SIGNATURE_INVALID),
        (bent(signatures=[{**SIGNATURE, "keyid": "nobody"}]), InvalidReason.KEY_UNTRUSTED),
        (bent(signatures=[{**SIGNATURE, "keyid": None}]), InvalidReason.KEY_UNTRUSTED),
        (resigned(_type="other"), InvalidReason.UNSUPPORTED),
        (resigned(predicateType="other"), InvalidReason.UNSUPPORTED),
        (resigned(subject={"name": "x"}), InvalidReason.MALFORMED),
        (resigned(subject=[{"name": "x", "digest": {"sha256": "X" * 64}}]), InvalidReason.MALFORMED),
        (resigned(subject=[{"name": "x", "digest": {"sha256": "0" * 64}}] * 2), InvalidReason.MALFORMED),
        (sign_statement(b"[]", BUNDLE_SIGNER), InvalidReason.MALFORMED),
        (sign_statement(b"{}", TOKEN_SIGNER), InvalidReason.MALFORMED),
    ],
    ids=range(19),
)
def test_an_envelope_that_is_not_one_good_signature_is_refused(envelope, reason):
    with pytest.raises(InvalidEvidence) as caught:
        verify_statement(envelope, ALL_KEYS)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    "data",
    [
        b"0" * 64 + b" data/a\n",
        b"0" * 64 + b"  data/a",
        b"A" * 64 + b"  data/a\n",
        b"0" * 64 + b"  data/b\n" + b"0" * 64 + b"  data/a\n",
        (b"0" * 64 + b"  data/a\n") * 2,
        b"0" * 64 + b"  data/\xc3\xa9\n",
        b"\n",
    ],
)
def test_another_spelling_of_a_manifest_is_refused(data):
    with pytest.raises(InvalidEvidence) as caught:
        parse_manifest(data, path="manifest-sha256.txt")
    assert (caught.value.reason, caught.value.path) == (InvalidReason.MALFORMED, "manifest-sha256.txt")


def test_a_manifest_reads_back():
    digests = {"data/b": "0" * 64, "data/a": "1" * 64}
    assert parse_manifest(encode_manifest(digests), path="m") == digests
    assert parse_manifest(b"", path="m") == {}


def test_the_bags_size_is_stated():
    info = encode_bag_info(
        identifier="b", created_at="2026-09-01T00:00:00Z", agent="a", payload_bytes=10, payload_files=2
    )
    assert b"Bagging-Date: 2026-09-01\n" in info
    assert payload_oxum(info) == (10, 2)
    assert payload_oxum(b"Payload-Oxum: ten.2\n") is None
