"""The page that verifies a bundle: opened from disk in a real browser, it answers as the command line does."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import chromium, in_browser
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
from tests.trustcore.stamping import Stamps, make_stamps, with_stamp
from tests.trustcore.test_bundle_people import act, signed
from tests.trustcore.test_bundle_people import forge as with_people
from tests.trustcore.test_bundle_revoked import (
    FUTURE,
    NEVER_BEFORE,
    PAST,
    key_set,
    needs_openssl,
    trust_in,
    two_bundles,
    with_end_in_log,
)
from tests.trustcore.test_bundle_verify import withheld_forge
from tests.trustcore.test_bundle_witnesses import LEAVES as LOG_LEAVES
from tests.trustcore.test_bundle_witnesses import NAME as WITNESS_NAME
from tests.trustcore.test_bundle_witnesses import VERIFIER as WITNESS
from tests.trustcore.test_bundle_witnesses import bundle as with_cosigned
from tests.trustcore.test_bundle_witnesses import note as cosigned_note
from trustcore.bundle import Trust, verify_bundle
from trustcore.bundle.archive import entry_info
from trustcore.bundle.bag import encode_bag_info, encode_manifest
from trustcore.bundle.layout import (
    BAG_INFO,
    JWKS,
    LOG,
    MANIFEST,
    RECEIPTS_CSV,
    RECEIPTS_NDJSON,
    SUMMARY,
    manifest_store_path,
)
from trustcore.encoding import canonical_json, sha256_hex
from trustcore.errors import InvalidEvidence
from trustcore.log.checkpoint import NoteVerifier, encode_vkey
from trustcore.log.cosignature import witness_verifier
from trustcore.log.merkle import leaf_hash
from trustcore.receipt import FrameEntry
from trustcore.signing import Ed25519Signer, public_jwk, public_key_set

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "trustcore/bundle/verify.html"
GOOD = bag_files()
VKEY = encode_vkey(bundling.ORIGIN, bundling.LOG_SIGNER.public_key)
KEY_SET = canonical_json(public_key_set(bundling.ALL_KEYS)).decode()
STRANGER = Ed25519Signer(bundling.Ed25519PrivateKey.from_private_bytes(b"\x55" * 32), "bundle-1")
STRANGER_WITNESS = witness_verifier(WITNESS_NAME, STRANGER.public_key)
FORKED = [*LOG_LEAVES[:100], leaf_hash(b"{}"), *LOG_LEAVES[101:]]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page as a person opens it from disk; asking for anything else fails the test."""
    asked: list[str] = []
    with chromium() as browser:
        opened = browser.new_page(locale="en-GB")
        opened.on("request", lambda request: asked.append(request.url))
        faults: list[str] = []
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        opened.goto(PAGE.as_uri())
        yield opened
    assert asked == [PAGE.as_uri()]
    assert faults == []


@pytest.fixture
def verdict(page: Any, tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """Give the page a bundle and keys; return its verdict's kind and words."""

    def run(bundle: bytes | dict[str, bytes], trust: str = "", *, sampled: bool = False) -> tuple[str, str]:
        path = tmp_path / "bundle.zip"
        path.write_bytes(bundle if isinstance(bundle, bytes) else zip_bytes(bundle))
        page.set_input_files("#file", str(path))
        page.fill("#trust", trust)
        page.set_checked("#sampled", sampled)
        page.click("#start")
        page.wait_for_selector("#verdict:not([hidden])")
        place = page.locator("#verdict")
        return place.get_attribute("class"), place.inner_text()

    return run


def command_line(bundle: bytes | dict[str, bytes], folder: Path, trust: Trust | None = None) -> str:
    """The code of the command line's refusal; empty if it holds."""
    path = folder / "same.zip"
    path.write_bytes(bundle if isinstance(bundle, bytes) else zip_bytes(bundle))
    try:
        verify_bundle(path, trust)
    except InvalidEvidence as error:
        return error.code
    return ""


def test_the_page_is_what_its_sources_make() -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "scripts/verify_page.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


@in_browser
@pytest.mark.req("BX-004")
def test_the_page_verifies_a_bundle_from_disk_and_refuses_one_changed_byte(verdict, tmp_path) -> None:
    data = zip_bytes(GOOD)
    kind, words = verdict(data)
    assert kind == "whole"
    assert "291 receipts are in the log, 1 of them" in words
    assert "Who made it is not shown yet" in words
    assert VKEY in words
    at = zip_bytes(GOOD, compress=False).index(b'"outcome":"RENDERED"')
    flipped = bytearray(zip_bytes(GOOD, compress=False))
    flipped[at + 12] ^= 1
    kind, words = verdict(bytes(flipped))
    assert kind == "bad"
    assert "Do not rely on it" in words


@in_browser
def test_the_page_relies_on_keys_that_the_auditor_pastes(verdict) -> None:
    for trust in (
        KEY_SET,
        f"{KEY_SET}\n{VKEY}",
        sha256_hex(bundling.BUNDLE_SIGNER.public_key.public_bytes_raw()),
    ):
        kind, words = verdict(GOOD, trust)
        assert kind == "good", words
        assert "you gave this key" in words
    other = sha256_hex(STRANGER.public_key.public_bytes_raw())
    assert verdict(GOOD, other)[0] == "bad"
    kind, words = verdict(GOOD, canonical_json(public_key_set({"x": STRANGER.public_key})).decode())
    assert kind == "bad"
    assert "not among those you trust" in words
    kind, words = verdict(GOOD, encode_vkey("another.example/log", STRANGER.public_key))
    assert "KEY_UNTRUSTED" in words
    kind, words = verdict(GOOD, "my cat")
    assert kind == "misuse"
    assert "Nothing was verified" in words


def signed_by_a_stranger() -> dict[str, bytes]:
    """Whole, and signed by a key of the right name that the auditor does not know."""
    files = dict(GOOD)
    files[JWKS] = canonical_json(public_key_set({**bundling.ALL_KEYS, "bundle-1": STRANGER.public_key}))
    return resigned(files, STRANGER)


def resigned(files: dict[str, bytes], signer: Any = None) -> dict[str, bytes]:
    payload = {path: data for path, data in files.items() if path.startswith("data/")}
    size = sum(map(len, payload.values()))
    info = encode_bag_info(
        identifier="b1",
        created_at=bundling.AT,
        agent="tests/1",
        payload_bytes=size,
        payload_files=len(payload),
    )
    manifest = encode_manifest({path: sha256_hex(data) for path, data in payload.items()})
    files = {**files, BAG_INFO: info, MANIFEST: manifest}
    kept = bundling.BUNDLE_SIGNER
    try:
        bundling.BUNDLE_SIGNER = signer or kept
        seal(files)
    finally:
        bundling.BUNDLE_SIGNER = kept
    return files


def with_path(name: str) -> bytes:
    """A good bundle with one more entry whose path leaves the bag's folder."""
    stream = io.BytesIO(zip_bytes(GOOD))
    with zipfile.ZipFile(stream, "a") as archive, archive.open(entry_info(name), "w") as member:
        member.write(b"owned")
    return stream.getvalue()


def forged(**changes: Any) -> dict[str, bytes]:
    return bag_files(Forge().but(ledger=Lenient, **changes))


def stray_frame() -> dict[str, bytes]:
    entries = some_entries(20)
    check = next(
        entry for entry in entries if getattr(entry, "lease", None) and getattr(entry, "first", None) == 0
    )
    return forged(entries=[*entries, frame(check, 999)])


def doubled_frame() -> dict[str, bytes]:
    entries = some_entries(20)
    twice = next(entry for entry in entries if isinstance(entry, FrameEntry) and entry.check)
    return forged(entries=[*entries, twice])


def edited(path: str, old: bytes, new: bytes) -> dict[str, bytes]:
    """An insider with every key changes one file and signs anew."""
    assert old in GOOD[path]
    return resigned({**GOOD, path: GOOD[path].replace(old, new, 1)})


def without(path: str) -> dict[str, bytes]:
    return resigned({name: data for name, data in GOOD.items() if name != path})


def bomb() -> bytes:
    return zip_bytes({**GOOD, "data/zeros": bytes(128 * 1024 * 1024)})


def wrong_tree() -> dict[str, bytes]:
    path = next(name for name in GOOD if name.startswith(f"{LOG}tile/0/"))
    data = bytearray(GOOD[path])
    data[40] ^= 1
    return resigned({**GOOD, path: bytes(data)})


BAD = {
    "truncated": lambda: zip_bytes(GOOD)[:-400],
    "cut in half": lambda: zip_bytes(GOOD)[: len(zip_bytes(GOOD)) // 2],
    "no zip": lambda: b"%PDF-1.7 not a bundle at all" * 10,
    "more behind": lambda: zip_bytes(GOOD) + b"more",
    "path traversal": lambda: with_path("bundle-1/../../etc/passwd"),
    "absolute path": lambda: with_path("/etc/passwd"),
    "other folder": lambda: with_path("elsewhere/data/x"),
    "added file": lambda: with_path("bundle-1/data/added"),
    "zip bomb": bomb,
    "file taken out": lambda: {name: data for name, data in GOOD.items() if name != RECEIPTS_CSV},
    "log file taken out": lambda: without(next(name for name in GOOD if "/entries/" in name)),
    "receipt changed": lambda: edited(RECEIPTS_NDJSON, b'"take":1', b'"take":2'),
    "receipt row changed": lambda: edited(RECEIPTS_CSV, b",RENDERED,", b",FAILED,"),
    "counts changed": lambda: edited(SUMMARY, b'"rendered":290', b'"rendered":291'),
    "hash tile changed": wrong_tree,
    "frame outside its check": stray_frame,
    "frame twice": doubled_frame,
    "never granted": lambda: forged(entries=[checked(1, 0, 9), frame(checked(1, 0, 9), 3)]),
    "granted twice": lambda: forged(entries=[authorised(), authorised()]),
}


@in_browser
@pytest.mark.parametrize("case", sorted(BAD))
def test_the_page_refuses_what_the_command_line_refuses_with_the_same_code(case, verdict, tmp_path) -> None:
    bundle = BAD[case]()
    code = command_line(bundle, tmp_path)
    kind, words = verdict(bundle)
    assert code
    assert kind == "bad"
    assert code in words.split(), words


@in_browser
def test_a_bundle_that_a_stranger_signed_is_whole_at_most_and_refused_where_the_key_is_known(verdict) -> None:
    # the log and the grants are as they were, so only the auditor's own key can tell
    assert verdict(signed_by_a_stranger())[0] == "whole"
    kind, words = verdict(signed_by_a_stranger(), KEY_SET)
    assert kind == "bad"
    assert "SIGNATURE_INVALID" in words


@in_browser
def test_a_key_set_without_a_trusted_key_never_lets_the_bundles_own_keys_in(verdict) -> None:
    ended = public_jwk(STRANGER.public_key, "ended") | {"revoked_at": PAST}
    for document in ({"keys": [], "revoked": [ended]}, {"keys": []}):
        kind, words = verdict(GOOD, canonical_json(document).decode())
        assert kind == "bad", words
        assert "KEY_UNTRUSTED" in words
    both = {**public_key_set(bundling.ALL_KEYS), "revoked": [ended]}
    assert verdict(GOOD, canonical_json(both).decode())[0] == "good"


@in_browser
def test_a_rotated_key_is_trusted_with_the_next_and_not_once_it_is_revoked(verdict) -> None:
    after = {"bundle-2": STRANGER.public_key}
    rotated = canonical_json(public_key_set({**bundling.ALL_KEYS, **after})).decode()
    assert verdict(GOOD, rotated)[0] == "good"
    revoked = canonical_json(public_key_set({"token-1": bundling.TOKEN_SIGNER.public_key, **after})).decode()
    kind, words = verdict(GOOD, revoked)
    assert kind == "bad"
    assert "trusted no more" in words


@in_browser
@pytest.mark.parametrize(
    ("files", "ended_at", "code", "told"),
    [
        (lambda: GOOD, FUTURE, "KEY_REVOKED", "was revoked, and nothing given here shows"),
        (lambda: GOOD, NEVER_BEFORE, "SIGNED_AFTER_REVOCATION", "It was signed after the key was revoked"),
        (with_end_in_log, "", "SIGNED_AFTER_REVOCATION", "the log inside says"),
    ],
    ids=["nothing shows when", "by its own word", "by its own log"],
)
def test_the_page_and_the_command_line_tell_alike_when_a_revoked_key_signed(
    files, ended_at, code, told, verdict, tmp_path
) -> None:
    document = key_set(ended_at) if ended_at else None
    assert command_line(files(), tmp_path, trust_in(document) if document else None) == code
    kind, words = verdict(files(), canonical_json(document).decode() if document else "")
    assert kind == "bad"
    assert code in words.split(), words
    assert told in words


@in_browser
@pytest.mark.parametrize("ended_first", [False, True])
def test_the_log_of_a_later_bundle_lets_the_page_tell_before_from_after_as_the_command_line_does(
    ended_first, page, verdict, tmp_path
) -> None:
    early, later = two_bundles(tmp_path, ended_first=ended_first)
    document = key_set(PAST)
    try:
        page.set_input_files("#later", str(later))
        kind, words = verdict(early.read_bytes(), canonical_json(document).decode())
    finally:
        page.set_input_files("#later", [])
    try:
        code = verify_bundle(early, trust_in(document), later=later) and ""
    except InvalidEvidence as error:
        code = error.code
    assert (kind, code) == (("bad", "SIGNED_AFTER_REVOCATION") if ended_first else ("good", ""))
    assert (code or "before that: it stands") in words


@pytest.fixture(scope="module")
def stamps(tmp_path_factory: pytest.TempPathFactory) -> Stamps:
    return make_stamps(tmp_path_factory.mktemp("authorities"))


@in_browser
@needs_openssl
@pytest.mark.parametrize(
    ("stamp", "root", "code"),
    [
        ("good", "", ""),
        ("good", "good", ""),
        ("rsa", "rsa", ""),
        ("good", "stranger", "KEY_UNTRUSTED"),
        ("of something else", "", "HASH_MISMATCH"),
        ("imprint altered to fit", "good", "SIGNATURE_INVALID"),
        ("signature altered", "good", "SIGNATURE_INVALID"),
        ("of another purpose", "mail", "KEY_UNTRUSTED"),
        ("cut short", "", "MALFORMED"),
    ],
)
def test_the_page_verifies_time_stamps_as_the_command_line_does(
    stamp, root, code, stamps, verdict, tmp_path
) -> None:
    files, pem = with_stamp(stamps.tokens[stamp]), stamps.roots.get(root, "")
    kind, words = verdict(files, pem)
    assert command_line(files, tmp_path, Trust(stamp_roots=pem)) == code
    if code:
        assert kind == "bad"
        assert code in words.split(), words
        assert "signature.dsse.json.tsr" in words
    else:
        assert kind == "whole", words
        told = f"whose root you gave, {root}-stamper" if root else "signed by good-stamper at 20"
        assert told in words
        assert ("yours to judge" in words) is not bool(root)


@in_browser
@needs_openssl
@pytest.mark.parametrize("stamp", ["imprint altered to fit", "signature altered", "of another purpose"])
def test_the_page_refuses_a_stamp_that_no_authority_made_though_no_root_was_given(
    stamp, stamps, verdict
) -> None:
    kind, words = verdict(with_stamp(stamps.tokens[stamp]))
    assert kind == "bad"
    assert ("KEY_UNTRUSTED" if "purpose" in stamp else "SIGNATURE_INVALID") in words.split()


@in_browser
@needs_openssl
@pytest.mark.parametrize(
    ("ended_at", "root", "code"),
    [
        (FUTURE, "good", ""),
        (FUTURE, "", "KEY_REVOKED"),
        (PAST, "good", "SIGNED_AFTER_REVOCATION"),
        (FUTURE, "stranger", "KEY_UNTRUSTED"),
    ],
)
def test_a_stamp_from_before_lets_a_revoked_keys_signature_stand_in_the_page_too(
    ended_at, root, code, stamps, verdict, tmp_path
) -> None:
    files, pem, document = with_stamp(stamps.tokens["good"]), stamps.roots.get(root, ""), key_set(ended_at)
    kind, words = verdict(files, canonical_json(document).decode() + "\n" + pem)
    assert command_line(files, tmp_path, trust_in(document, pem)) == code
    assert (kind, code in words.split() if code else "before that: it stands" in words) == (
        "bad" if code else "good",
        True,
    ), words


@in_browser
@pytest.mark.parametrize(
    ("cosigned", "key", "code"),
    [
        *((cosigned_note(size), WITNESS.vkey, "") for size in (1, 255, 256, 257, len(LOG_LEAVES))),
        (cosigned_note(), STRANGER_WITNESS.vkey, "MISSING_SIGNATURE"),
        (cosigned_note(leaves=FORKED), "", "ROOT_MISMATCH"),
        (cosigned_note(size=len(LOG_LEAVES) + 1, leaves=[*LOG_LEAVES, FORKED[100]]), "", "ROOT_MISMATCH"),
        (cosigned_note(witness=STRANGER), "", "SIGNATURE_INVALID"),
        (b"nothing", "", "MALFORMED"),
    ],
)
def test_the_page_checks_what_witnesses_cosigned_as_the_command_line_does(
    cosigned, key, code, verdict, tmp_path
) -> None:
    data = with_cosigned(tmp_path, cosigned).read_bytes()
    known = (NoteVerifier.parse(key),) if key else ()
    assert command_line(data, tmp_path, Trust(witnesses=known)) == code
    kind, words = verdict(data, key)
    assert kind == ("bad" if code else "whole"), words
    assert (code in words.split()) if code else f"Cosigned by {WITNESS.name} up to entry" in words


@in_browser
def test_the_page_takes_an_output_left_out_with_its_licences_and_no_other(verdict, tmp_path) -> None:
    left_out = bag_files(withheld_forge())
    assert command_line(left_out, tmp_path) == ""
    assert verdict(left_out)[0] == "whole"
    kind, words = verdict(forged(payload=lambda files: files.pop(manifest_store_path(bundling.ASSET))))
    assert kind == "bad"
    assert "MISSING_FILE" in words.split()


@in_browser
def test_the_page_checks_the_signatures_of_people(verdict, tmp_path) -> None:
    kept = signed()
    good = bag_files(with_people([act(kept)], proof=kept.digest))
    kind, words = verdict(good)
    assert kind == "whole", words
    assert "1 act of a person was signed" in words
    for broken in (
        bag_files(with_people([], proof=kept.digest)),
        bag_files(with_people([act(signed(version=2))], proof=kept.digest)),
        bag_files(with_people([act(kept, person="p9")], proof=kept.digest)),
    ):
        code = command_line(broken, tmp_path)
        kind, words = verdict(broken)
        assert code
        assert code in words.split(), words


@in_browser
def test_of_a_large_log_a_sample_can_be_read_and_the_tree_is_built_all_the_same(verdict) -> None:
    check = checked(1, 0, 17_999)
    entries = [authorised(), check, *(frame(check, number) for number in range(18_000))]
    files = bag_files(Forge(entries=entries))
    kind, words = verdict(files, sampled=True)
    assert kind == "whole", words
    assert "64 of 71 tiles" in words
    kind, words = verdict(files)
    assert "18000 receipts" in words, words
    path = f"{LOG}tile/0/005"
    tile = bytearray(files[path])
    tile[7] ^= 1
    kind, words = verdict(resigned({**files, path: bytes(tile)}), sampled=True)
    assert kind == "bad"
    assert "ROOT_MISMATCH" in words


@in_browser
def test_the_page_speaks_spanish_and_shows_scripts_as_texts(page, verdict) -> None:
    title = b"<script>document.body.remove()</script>"
    files = resigned({**GOOD, SUMMARY: GOOD[SUMMARY].replace(b"The Glass Meridian", title)})
    page.click("[data-language=es]")
    try:
        _, words = verdict(files)
        assert "Este paquete está íntegro" in words
        assert title.decode() in words
        _, words = verdict(zip_bytes(GOOD)[:-400])
        assert "Este paquete no es válido" in words
        assert page.evaluate("document.documentElement.lang") == "es"
    finally:
        page.click("[data-language=en]")


def test_every_word_is_there_in_both_languages() -> None:
    text = (ROOT / "trustcore/bundle/page/words.js").read_text("utf-8")
    english, spanish = text.split("\n  es: {", 1)
    names = [set(re.findall(r"^\s{4,6}([A-Za-z_]+):", part, re.MULTILINE)) for part in (english, spanish)]
    assert names[0] == names[1]


def test_the_command_line_writes_the_page_and_says_where_it_cannot(tmp_path, capsys) -> None:
    from trustcore import cli

    assert cli.main(["bundle", "page", str(tmp_path / "verify.html")]) == 0
    assert (tmp_path / "verify.html").read_bytes() == PAGE.read_bytes()
    assert sha256_hex(PAGE.read_bytes()) in capsys.readouterr().out
    assert cli.main(["bundle", "page", str(tmp_path / "none" / "verify.html")]) == 1
    assert "verify.html" in capsys.readouterr().err
