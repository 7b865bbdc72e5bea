"""Scripts are read by what they are, in a process that can harm nothing; what cannot be read has a stable code."""

from __future__ import annotations

import io
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from screenplays.reading import Limits, Refused, read_script, scenes_of, wording_of
from screenplays.reading.formats import read_bytes
from screenplays.reading.shape import text_of
from tests.screenplays import scripts

LIMITS = Limits(pages=1000)


def _code(data: str | bytes, *, ending: str = "", declared: str = "", limits: Limits = LIMITS) -> str:
    with pytest.raises(Refused) as refused:
        read_bytes(data.encode() if isinstance(data, str) else data, limits, ending=ending, declared=declared)
    return str(refused.value.code)


def test_fountain_is_read_without_notes_and_cut_passages() -> None:
    script = read_bytes(scripts.FOUNTAIN.encode(), LIMITS)
    assert (script.format, script.title, script.authors) == ("FOUNTAIN", "The Glass Meridian", "Ada Writer")
    assert [(one.label, one.heading) for one in scenes_of(script)] == [
        ("12A", "INT. OBSERVATORY - NIGHT"),
        ("", "EXT. ROAD TO THE COAST - DAY"),
        ("", "THE LIGHTHOUSE"),
    ]
    text = text_of(script)
    assert "old ending" not in text
    assert "cut this" not in text
    assert "Where have you been all this time?" in text


def test_final_draft_is_read_with_every_run_of_a_paragraph() -> None:
    script = read_bytes(scripts.FDX.encode(), LIMITS)
    assert (script.format, script.title, script.authors) == (
        "FINAL_DRAFT",
        "The Glass Meridian",
        "Ada Writer",
    )
    assert "the broken lens." in text_of(script)
    assert next(scenes_of(script)).label == "12A"


def test_one_story_in_two_formats_has_one_wording() -> None:
    one, other = read_bytes(scripts.FOUNTAIN.encode(), LIMITS), read_bytes(scripts.FDX.encode(), LIMITS)
    assert wording_of(text_of(one)) == wording_of(text_of(other))


def test_pdf_and_plain_text_give_scenes_and_their_numbers() -> None:
    for data in (scripts.pdf_of_lines(scripts.PDF_LINES), "\n".join(scripts.PDF_LINES).encode()):
        script = read_bytes(data, LIMITS, ending="txt")
        assert [(one.label, one.heading) for one in scenes_of(script)] == [
            ("12A", "INT. OBSERVATORY - NIGHT"),
            ("", "EXT. ROAD TO THE COAST - DAY"),
        ]


def test_a_text_without_a_heading_is_a_script_of_no_scenes() -> None:
    script = read_bytes(b"She never looked up from the broken lens.\n", LIMITS, ending="txt")
    assert list(scenes_of(script)) == []
    assert text_of(script) == "She never looked up from the broken lens."


def test_entities_of_final_draft_are_refused_and_nothing_is_fetched() -> None:
    assert _code(scripts.FDX_XXE) == "SCRIPT_ENTITIES"
    assert _code(scripts.FDX_LAUGHS) == "SCRIPT_ENTITIES"
    assert _code(scripts.FDX_XXE.replace("UTF-8", "UTF-16").encode("utf-16")) == "SCRIPT_ENTITIES"


def test_files_cut_short_are_refused() -> None:
    pdf = scripts.pdf_of_lines(scripts.PDF_LINES)
    assert _code(pdf[:-200]) == "SCRIPT_CUT"
    assert _code(scripts.FDX[:-60]) == "SCRIPT_CUT"
    assert _code(scripts.FOUNTAIN[: scripts.FOUNTAIN.index("ending")], ending="fountain") == "SCRIPT_CUT"


def test_wrong_encodings_are_refused_and_declared_ones_are_read() -> None:
    text = "INT. CAFÉ - DAY\n\nÉlodie waits."
    assert _code(text.encode("cp1252"), ending="txt") == "SCRIPT_ENCODING"
    assert "CAFÉ" in text_of(read_bytes(text.encode("cp1252"), LIMITS, ending="txt", declared="cp1252"))
    assert "CAFÉ" in text_of(read_bytes(text.encode("utf-16"), LIMITS, ending="txt"))
    assert _code(text.encode("utf-16")[:-1], ending="txt") == "SCRIPT_ENCODING"


def test_what_is_no_script_is_refused() -> None:
    assert _code(b"") == "SCRIPT_EMPTY"
    assert _code(" \n ") == "SCRIPT_EMPTY"
    assert _code(b"PK\x03\x04 a zip") == "SCRIPT_TYPE"
    assert _code(b"abc\x00\x01def") == "SCRIPT_TYPE"
    assert _code("<?xml version='1.0'?><html/>") == "SCRIPT_MALFORMED"
    assert _code(b"%PDF-1.7\nnothing\n%%EOF") == "SCRIPT_MALFORMED"
    assert _code(scripts.pdf_of_lines([""])) == "SCRIPT_NO_TEXT"


def test_a_locked_pdf_is_refused() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(scripts.pdf_of_lines(scripts.PDF_LINES))))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    assert _code(out.getvalue()) == "SCRIPT_LOCKED"


def test_five_thousand_pages_are_refused_in_every_format() -> None:
    text = scripts.long_fountain(4) * 3600
    assert len(text) > 5000 * 2000
    assert _code(text, ending="fountain") == "SCRIPT_TOO_LONG"
    assert _code(text, ending="txt") == "SCRIPT_TOO_LONG"
    fdx = scripts.FDX.replace('Page="1"', 'Page="5000"')
    assert _code(fdx) == "SCRIPT_TOO_LONG"
    writer = PdfWriter()
    for _ in range(1001):
        writer.add_blank_page(width=72, height=72)
    out = io.BytesIO()
    writer.write(out)
    assert _code(out.getvalue()) == "SCRIPT_TOO_LONG"


def _pdf_bomb() -> bytes:
    """A page whose content unpacks to 400 MB."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 4_000_000) for _ in range(100)) + packer.flush()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<<>>>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(packed), packed),
    ]
    body, places = b"%PDF-1.7\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%b endobj\n" % (number, one)
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % at for at in places)
    return body + table + b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(body)


def test_the_confined_reader_reads_and_its_bounds_hold(tmp_path: Path) -> None:
    path = scripts.written(tmp_path, "meridian.fdx", scripts.FDX)
    assert read_script(path, LIMITS).title == "The Glass Meridian"
    bomb = scripts.written(tmp_path, "bomb.pdf", _pdf_bomb())
    with pytest.raises(Refused) as refused:
        read_script(bomb, LIMITS)
    assert refused.value.code == "SCRIPT_BOMB"
    # notes that are opened and never closed: the Fountain reader looks to the end for each of them
    slow = scripts.written(tmp_path, "slow.fountain", "A\n\n" + "[[" * 300_000)
    with pytest.raises(Refused) as late:
        read_script(slow, Limits(pages=1000, memory=LIMITS.memory, seconds=1), ending="fountain")
    assert late.value.code == "SCRIPT_BOMB"


@pytest.mark.parametrize("ending", ["exit 0", "sleep 600"])
def test_whatever_a_reader_started_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """Its whole group of processes: also where the reader itself ended well, and where it never ends."""
    told = tmp_path / "left-behind"
    reader = tmp_path / "reader"
    reader.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {told}\n{ending}\n")
    reader.chmod(0o755)
    monkeypatch.setattr("common.confinement.sys.executable", str(reader))
    path = scripts.written(tmp_path, "meridian.fdx", scripts.FDX)
    with pytest.raises(Refused) as refused:
        read_script(path, Limits(pages=1000, memory=LIMITS.memory, seconds=1))
    assert refused.value.code == ("SCRIPT_UNREADABLE" if ending == "exit 0" else "SCRIPT_BOMB")
    left = Path(f"/proc/{told.read_text().strip()}/stat")
    until = time.monotonic() + 10
    while _is_alive(left) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _is_alive(left)


def _is_alive(stat: Path) -> bool:
    try:
        return stat.read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


@given(st.binary(max_size=400), st.integers(0, 3))
@settings(max_examples=60)
def test_no_bytes_do_anything_but_be_read_or_refused(noise: bytes, which: int) -> None:
    whole = (scripts.FOUNTAIN.encode(), scripts.FDX.encode(), b"", scripts.pdf_of_lines(scripts.PDF_LINES))
    base = whole[which]
    at = len(noise) * 7 % (len(base) + 1)
    data = base[:at] + noise + base[at + len(noise) // 2 :]
    code = ""
    try:
        assert read_bytes(data, LIMITS).elements
    except Refused as refused:
        code = str(refused.code)
    assert code == "" or code.startswith("SCRIPT_")
