"""The offline verifier: a real bundle holds, and nothing can be added, removed or changed unnoticed."""

import hashlib
import json
from functools import cache

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.trustcore import bundling
from tests.trustcore.bundling import (
    Forge,
    Lenient,
    authorised,
    bag_files,
    checked,
    frame,
    seal,
    some_entries,
    zip_bytes,
)
from tests.trustcore.samples import TOKEN_ID
from trustcore.bundle import Trust, verify_bundle
from trustcore.bundle.bag import encode_manifest
from trustcore.bundle.layout import (
    BAG_INFO,
    BAGIT,
    EVENTS,
    JWKS,
    LOG,
    MANIFEST,
    MARKS,
    RECEIPTS_CSV,
    RECEIPTS_NDJSON,
    SIGNATURE,
    SUMMARY,
    TAG_MANIFEST,
    grant_path,
    history_path,
    manifest_store_path,
    terms_path,
    withheld_path,
)
from trustcore.bundle.ledger import Ledger, take_all, withheld_document
from trustcore.encoding import canonical_json
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.checkpoint import NoteVerifier, encode_vkey
from trustcore.policy.vocabulary import DecisionOutcome, Outcome
from trustcore.receipt import RevokedEntry, VerifiedEntry, encode_entry

QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@cache
def good_files():
    return dict(bag_files())


@cache
def good_zip():
    return zip_bytes(good_files())


@pytest.fixture
def verify(tmp_path):
    def run(bundle, trust=None):
        path = tmp_path / "bundle.zip"
        path.write_bytes(bundle if isinstance(bundle, bytes) else zip_bytes(bundle))
        return verify_bundle(path, trust)

    return run


@pytest.fixture
def refused(verify):
    def run(bundle, trust=None):
        with pytest.raises(InvalidEvidence) as caught:
            verify(bundle, trust)
        return caught.value.reason, caught.value.path

    return run


def forged(**changes):
    return bag_files(Forge().but(ledger=Lenient, **changes))


def test_a_real_bundle_holds(verify):
    report = verify(good_zip())
    assert report.sentence == (
        "291 receipts are in the log, 1 of them for frames rendered without authorisation. "
        "Nothing was added, removed or changed."
    )
    counts = report.summary.counts
    assert (counts.receipts, counts.rendered, counts.unauthorised) == (291, 290, 1)
    assert (counts.checks, counts.denied, counts.tokens, counts.token_versions) == (3, 1, 1, 2)
    assert (counts.marked, counts.verified, counts.revoked, counts.exported) == (1, 1, 1, 1)
    assert [step.number for step in report.steps] == list(range(1, 13))
    assert report.files == len(good_files())
    assert "from the bundle itself" in report.trust


@pytest.mark.parametrize("count", [0, 1])
def test_the_sentence_counts_like_a_person(verify, count):
    check = checked(1, 0, 9)
    entries = [authorised(), check, *(frame(check, number) for number in range(count))]
    expected = {0: "0 receipts are in the log.", 1: "1 receipt is in the log."}[count]
    assert verify(bag_files(Forge(entries=entries))).sentence.startswith(expected)


def test_a_production_of_2847_frames_is_told_in_one_sentence(verify, refused):
    check = checked(1, 1001, 3847)
    entries = [authorised(), check, *(frame(check, number) for number in range(1001, 3848))]
    files = bag_files(Forge(entries=entries))
    expected = "2,847 receipts are in the log. Nothing was added, removed or changed."
    assert verify(files).sentence == expected
    fewer = bag_files(
        Forge(entries=entries, payload=edit(RECEIPTS_CSV, lambda data: data[: data.rindex(b"0199")]))
    )
    assert refused(fewer) == (InvalidReason.ENTRY_MISMATCH, RECEIPTS_CSV)


def test_a_bundle_before_the_first_receipt_holds(verify):
    assert verify(bag_files(Forge(entries=[]))).summary.log.size == 0


def test_equal_content_makes_equal_bytes():
    assert zip_bytes(bag_files()) == good_zip()


@pytest.mark.parametrize("path", sorted(good_files()))
def test_one_flipped_byte_in_any_file_is_refused_and_the_file_named(refused, path):
    data = good_files()[path]
    for position in {0, len(data) // 3, len(data) // 2, len(data) - 1}:
        for mask in (0x01, 0x20, 0x80):
            bent = data[:position] + bytes([data[position] ^ mask]) + data[position + 1 :]
            _, named = refused({**good_files(), path: bent})
            assert named == path


@QUICK
@given(st.data())
def test_any_flipped_byte_of_any_file_is_refused_and_the_file_named(refused, data):
    path = data.draw(st.sampled_from(sorted(good_files())))
    content = good_files()[path]
    position = data.draw(st.integers(0, len(content) - 1))
    mask = data.draw(st.integers(1, 255))
    bent = content[:position] + bytes([content[position] ^ mask]) + content[position + 1 :]
    _, named = refused({**good_files(), path: bent})
    assert named == path


@QUICK
@given(st.data())
def test_any_flipped_byte_of_the_zip_file_is_refused(refused, data):
    position = data.draw(st.integers(0, len(good_zip()) - 1))
    bent = bytearray(good_zip())
    bent[position] ^= 0xFF
    refused(bytes(bent))


@pytest.mark.parametrize("path", sorted(good_files()))
def test_a_removed_file_is_named(refused, path):
    reason, named = refused({name: data for name, data in good_files().items() if name != path})
    assert (reason, named) == (InvalidReason.MISSING_FILE, path)


@pytest.mark.parametrize("path", ["data/extra.txt", "data/tokens/other/v1.terms.json", "notes.txt"])
def test_an_added_file_is_named(refused, path):
    assert refused({**good_files(), path: b"x"}) == (InvalidReason.UNLISTED_FILE, path)


@pytest.mark.req("BX-003")
def test_a_bundle_verifies_with_what_is_inside_it_alone(verify, refused):
    assert verify(good_zip()).key_ids == (
        f"log {encode_vkey(bundling.ORIGIN, bundling.LOG_SIGNER.public_key)}",
        "bundle bundle-1",
    )
    changed = good_files()[RECEIPTS_CSV].replace(b"RENDERED", b"DISCARDED", 1)
    assert refused({**good_files(), RECEIPTS_CSV: changed}) == (InvalidReason.HASH_MISMATCH, RECEIPTS_CSV)


# an insider who holds every signing key but the log's past


def edit(path, change):
    def apply(files):
        files[path] = change(files[path])

    return apply


def edit_json(path, change):
    def apply(data):
        document = json.loads(data)
        change(document)
        return json.dumps(document).encode()

    return edit(path, apply)


@pytest.mark.req("ST-072")
@pytest.mark.parametrize("path", [RECEIPTS_NDJSON, RECEIPTS_CSV])
def test_receipt_files_say_exactly_what_the_log_says(verify, refused, path):
    assert len(good_files()[RECEIPTS_NDJSON].splitlines()) == verify(good_zip()).summary.counts.receipts
    for change in (
        lambda data: data.replace(b"RENDERED", b"DISCARDED", 1),
        lambda data: b"".join(data.splitlines(keepends=True)[:-1]),
        lambda data: data + data.splitlines(keepends=True)[-1],
        lambda data: data[:-1],
        lambda data: b"",
    ):
        assert refused(bag_files(Forge(payload=edit(path, change)))) == (InvalidReason.ENTRY_MISMATCH, path)


@pytest.mark.req("ST-071")
def test_every_granted_version_has_its_terms_grant_and_history(verify, refused):
    history = json.loads(good_files()[history_path(TOKEN_ID)])
    assert [item["entry"]["t"] for item in history["log"]] == ["authorised", "authorised", "revoked"]
    assert verify(good_zip()).summary.counts.token_versions == 2
    forgotten = edit_json(history_path(TOKEN_ID), lambda document: document["log"].pop())
    assert refused(bag_files(Forge(payload=forgotten))) == (
        InvalidReason.ENTRY_MISMATCH,
        history_path(TOKEN_ID),
    )


@pytest.mark.req("ST-006")
def test_the_terms_and_the_grant_prove_where_the_boundary_was(verify, refused):
    terms, grant = terms_path(TOKEN_ID, 1), grant_path(TOKEN_ID, 1)
    digest = hashlib.sha256(good_files()[terms]).hexdigest()
    assert authorised().terms_hash == f"sha256:{digest}"
    verify(good_zip())
    wider = edit(terms, lambda data: data.replace(b'"frames_max":3000', b'"frames_max":9000'))
    assert refused(bag_files(Forge(payload=wider))) == (InvalidReason.TERMS_MISMATCH, terms)
    swapped = Forge(payload=lambda files: files.update({grant: files[grant_path(TOKEN_ID, 2)]}))
    assert refused(bag_files(swapped)) == (InvalidReason.TERMS_MISMATCH, grant)
    unsigned = edit(grant, lambda data: data[:-4] + b"AAAA")
    assert refused(bag_files(Forge(payload=unsigned))) == (InvalidReason.SIGNATURE_INVALID, grant)


@pytest.mark.req("ST-038")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"check": None}, InvalidReason.MALFORMED),
        ({"check": None, "lease": bundling.uuid(3, 1)}, InvalidReason.UNAUTHORISED_FRAME),
        ({"check": bundling.denied(3).decision}, InvalidReason.UNAUTHORISED_FRAME),
        ({"frame": 9_000}, InvalidReason.UNAUTHORISED_FRAME),
        ({"frame": 4}, InvalidReason.DUPLICATE_FRAME),
        ({"jti": "0199c000-0000-7000-8000-000000000009"}, InvalidReason.ENTRY_MISMATCH),
        ({"terms_version": 2}, InvalidReason.ENTRY_MISMATCH),
        ({"lease": bundling.uuid(3, 2)}, InvalidReason.ENTRY_MISMATCH),
        ({"talent": "someone"}, InvalidReason.ENTRY_MISMATCH),
    ],
    ids=str,
)
def test_a_receipt_without_its_authorisation_is_found_even_in_a_signed_log(verify, refused, change, reason):
    assert verify(good_zip()).summary.counts.rendered == 290
    entries = some_entries()
    entries[8] = replace(entries[8], **change)
    found, named = refused(forged(entries=entries))
    assert (found, named) == (reason, LOG + "tile/entries/000")


@pytest.mark.parametrize(
    "entries",
    [
        lambda: [entry for entry in some_entries() if entry != authorised(2)],
        lambda: [authorised(1, use_types=("VOICE_RENDER",)), *some_entries()[1:]],
    ],
)
def test_work_under_a_grant_that_is_not_in_the_log_is_found(refused, entries):
    reason, named = refused(forged(entries=entries(), payload=lambda files: None))
    assert reason in (InvalidReason.UNAUTHORISED_FRAME, InvalidReason.TERMS_MISMATCH)
    assert named in (LOG + "checkpoint", grant_path(TOKEN_ID, 1))


@pytest.mark.parametrize(
    "entries",
    [
        lambda: [*some_entries(), authorised(1)],
        lambda: [*some_entries(), checked(1, 0, 9)],
        lambda: [*some_entries(), checked(7, 0, 9, jti=None)],
    ],
)
def test_an_entry_that_contradicts_the_log_is_found(refused, entries):
    reason, named = refused(forged(entries=entries()))
    assert reason in (InvalidReason.ENTRY_MISMATCH, InvalidReason.MALFORMED)
    assert named == LOG + "tile/entries/001.p/45"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (LOG + "tile/0/000", InvalidReason.ROOT_MISMATCH),
        (LOG + "tile/0/001.p/44", InvalidReason.ROOT_MISMATCH),
        (LOG + "tile/1/000.p/1", InvalidReason.ROOT_MISMATCH),
        (LOG + "checkpoint", InvalidReason.SIGNATURE_INVALID),
        (LOG + "vkey", InvalidReason.MALFORMED),
        (SUMMARY, InvalidReason.JSON_INVALID),
        (JWKS, InvalidReason.JSON_INVALID),
        (MARKS, InvalidReason.JSON_INVALID),
        (EVENTS, InvalidReason.JSON_INVALID),
    ],
)
def test_a_file_replaced_before_signing_is_still_refused(refused, path, reason):
    bent = edit(path, lambda data: bytes([data[0] ^ 1]) + data[1:])
    assert refused(bag_files(Forge(payload=bent))) == (reason, path)


def test_a_changed_entry_does_not_lead_to_the_root(refused):
    path = LOG + "tile/entries/000"
    bent = edit(path, lambda data: data.replace(b'"policy_version":"1"', b'"policy_version":"2"', 1))
    reason, named = refused(bag_files(Forge(payload=bent)))
    assert (reason, named) == (InvalidReason.ROOT_MISMATCH, LOG + "tile/0/000")


@pytest.mark.parametrize("path", [LOG + "tile/0/001.p/43", LOG + "tile/2/000.p/1", LOG + "notes"])
def test_a_log_holds_no_other_files(refused, path):
    added = Forge(payload=lambda files: files.update({path: b"x" * 32}))
    assert refused(bag_files(added)) == (InvalidReason.UNLISTED_FILE, path)


def test_a_tile_left_out_before_signing_is_named(refused):
    path = LOG + "tile/1/000.p/1"
    assert refused(bag_files(Forge(payload=lambda files: files.pop(path)))) == (
        InvalidReason.MISSING_FILE,
        path,
    )


def test_the_summary_cannot_claim_other_counts_or_another_log(refused):
    for change, reason in (
        (lambda document: document["counts"].update(receipts=292), InvalidReason.COUNT_MISMATCH),
        (lambda document: document["log"].update(size=1), InvalidReason.ROOT_MISMATCH),
        (lambda document: document["log"].update(origin="other"), InvalidReason.ROOT_MISMATCH),
        (lambda document: document.update(schema="trustmark.bundle/2"), InvalidReason.UNSUPPORTED),
        (lambda document: document.update(colour="red"), InvalidReason.MALFORMED),
        (lambda document: document.update(purpose="FUN"), InvalidReason.MALFORMED),
    ):
        assert refused(bag_files(Forge(payload=edit_json(SUMMARY, change)))) == (reason, SUMMARY)


@pytest.mark.req("ST-073")
def test_the_mark_report_tells_what_the_log_tells(verify, refused):
    report = json.loads(good_files()[MARKS])
    assert [item["entry"]["mark"] for item in report["log"]] == ["00ff00ff00ff00ff"] * 2
    assert report["log"][1]["entry"]["layers"] == [
        {"layer": "PIXEL", "p_value": "1.2e-31", "status": "present"}
    ]
    verify(good_zip())
    better = edit_json(
        MARKS, lambda document: document["log"][1]["entry"]["layers"][0].update(p_value="1e-99")
    )
    assert refused(bag_files(Forge(payload=better))) == (InvalidReason.ENTRY_MISMATCH, MARKS)


def test_the_manifest_store_is_the_one_that_was_verified(refused):
    path = manifest_store_path(bundling.ASSET)
    other = edit(path, lambda data: data + b"x")
    assert refused(bag_files(Forge(payload=other))) == (InvalidReason.HASH_MISMATCH, path)
    gone = Forge(payload=lambda files: files.pop(path))
    assert refused(bag_files(gone)) == (InvalidReason.MISSING_FILE, path)


def withheld_forge(*, keep_store: bool = False, why: str = "NOT_A_MEMBER") -> Forge:
    """A bundle for a reader who may see none of its licences; the output under them is left out with them."""

    def hide(files):
        ledger = Ledger()
        list(take_all((encode_entry(entry) for entry in some_entries()), ledger))
        for jti in sorted({jti for jti, _ in ledger.grants}):
            for path in [path for path in files if path.startswith(f"data/tokens/{jti}/")]:
                files.pop(path)
            files[withheld_path(jti)] = canonical_json(withheld_document(jti, ledger, why))
        if not keep_store:
            files.pop(manifest_store_path(bundling.ASSET))

    return Forge(payload=hide)


def test_an_output_under_withheld_licences_alone_may_be_left_out_and_no_other(verify, refused):
    path = manifest_store_path(bundling.ASSET)
    report = verify(bag_files(withheld_forge()))
    assert report.withheld
    assert verify(bag_files(withheld_forge(keep_store=True))).withheld == report.withheld
    # nor a store that is there and is another
    forge = withheld_forge(keep_store=True)
    hide = forge.payload
    forge.payload = lambda files: (hide(files), files.update({path: b"another"}))
    assert refused(bag_files(forge)) == (InvalidReason.HASH_MISMATCH, path)


def test_an_output_signed_again_is_shown_with_its_latest_credentials(verify, refused):
    entries = some_entries()
    first = next(index for index, entry in enumerate(entries) if isinstance(entry, VerifiedEntry))
    earlier = replace(entries[first], manifest_sha256="ab" * 32, released=False)
    assert verify(bag_files(Forge(entries=[*entries[:first], earlier, *entries[first:]])))
    later = bag_files(Forge(entries=[*entries, earlier]))
    assert refused(later) == (InvalidReason.HASH_MISMATCH, manifest_store_path(bundling.ASSET))


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"{}"])
def test_an_event_trail_cut_short_is_refused(refused, change):
    assert refused(bag_files(Forge(payload=edit(EVENTS, change)))) == (InvalidReason.MALFORMED, EVENTS)


def test_a_grant_that_the_log_does_not_know_is_refused(refused):
    path = terms_path(TOKEN_ID, 3)
    added = Forge(payload=lambda files: files.update({path: b"{}"}))
    assert refused(bag_files(added)) == (InvalidReason.UNLISTED_FILE, path)


@pytest.mark.parametrize(
    ("path", "data", "reason"),
    [
        (BAGIT, b"BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n", InvalidReason.UNSUPPORTED),
        (BAG_INFO, b"Payload-Oxum: 1.1\n", InvalidReason.SIZE_MISMATCH),
        (BAG_INFO, b"", InvalidReason.SIZE_MISMATCH),
        (MANIFEST, encode_manifest({SUMMARY: "0" * 64}), InvalidReason.HASH_MISMATCH),
        (MANIFEST, b"not a manifest", InvalidReason.MALFORMED),
        (TAG_MANIFEST, encode_manifest({MANIFEST: "0" * 64}), InvalidReason.HASH_MISMATCH),
    ],
)
def test_a_bag_that_contradicts_itself_is_refused(refused, path, data, reason):
    def change(files):
        files[path] = data
        if path != TAG_MANIFEST:
            seal(files)

    assert refused(bag_files(Forge(tags=change))) == (reason, path)


# what the auditor knew before


def test_pinned_keys_are_the_only_ones_believed(verify, refused):
    vkey = NoteVerifier.of(bundling.ORIGIN, bundling.LOG_SIGNER.public_key)
    report = verify(good_zip(), Trust(vkey, bundling.ALL_KEYS))
    assert report.trust == "The log's key and the server's keys are the ones you gave."
    assert "the other keys are from the bundle" in verify(good_zip(), Trust(vkey)).trust
    assert "server's keys are the ones you gave" in verify(good_zip(), Trust(None, bundling.ALL_KEYS)).trust
    other_log = NoteVerifier.of(bundling.ORIGIN, bundling.BUNDLE_SIGNER.public_key)
    assert refused(good_zip(), Trust(other_log)) == (InvalidReason.KEY_UNTRUSTED, LOG + "vkey")
    other_server = {"bundle-2": bundling.BUNDLE_SIGNER.public_key}
    assert refused(good_zip(), Trust(None, other_server)) == (InvalidReason.KEY_UNTRUSTED, SIGNATURE)
    same_name = {"bundle-1": bundling.TOKEN_SIGNER.public_key}
    assert refused(good_zip(), Trust(None, same_name)) == (InvalidReason.SIGNATURE_INVALID, SIGNATURE)


def test_the_fixture_is_a_whole_production():
    kinds = {type(entry) for entry in some_entries()}
    assert RevokedEntry in kinds
    assert {entry.outcome for entry in some_entries() if hasattr(entry, "outcome")} == {
        DecisionOutcome.ALLOW_WITH_OBLIGATIONS,
        DecisionOutcome.DENY,
        Outcome.RENDERED,
        Outcome.UNAUTHORISED,
    }
    assert msgspec.json.decode(good_files()[SUMMARY])["log"]["size"] == len(some_entries()) == 300
