"""A marked copy names its reader: by its bytes, and by where its words stand after it was cut, joined and scaled."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter, Transformation

from accounts.principals import Principal
from common.errors import Forbidden, InvalidInput, NotFound
from screenplays import selectors, services
from screenplays.copies.lines import SeenLine
from screenplays.copies.marking import directions, likest, secret_of
from screenplays.copies.seeing import see_pdf
from screenplays.copies.setting import pages_of
from screenplays.models import Access, Copy, Version, Work
from screenplays.reading import Limits
from tests import factories
from tests.screenplays import scripts
from tests.screenplays.test_access import grant

pytestmark = pytest.mark.django_db
Add = Callable[..., Version]
READERS = ("Ilse Brandt", "Jonas Reed", "Mara Okoye")


@pytest.fixture
def copies(add: Add, producer: Principal, work: Work) -> list[tuple[Copy, bytes]]:
    """Three copies of one script, and their bytes."""
    add(scripts.long_fountain(20), "long.fountain")
    made = [services.make_copy(principal=producer, work_id=work.pk, recipient=name) for name in READERS]
    return [services.fetch_copy(principal=producer, copy_id=one.pk) for one in made]


def leaked(producer: Principal, work: Work, folder: Path, data: bytes) -> services.Leak:
    return services.whose_copy(
        principal=producer, work_id=work.pk, path=scripts.written(folder, "found.pdf", data)
    )


def rewritten(data: bytes, *, pages: slice = slice(None), scale: float = 1.0, shift: float = 0.0) -> bytes:
    """Saved again by another program: fewer pages, no metadata, scaled and moved."""
    writer = PdfWriter()
    for page in PdfReader(io.BytesIO(data)).pages[pages]:
        writer.add_page(page).add_transformation(Transformation().scale(scale).translate(shift, shift))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def evenly_set(copy: Copy) -> list[str]:
    """The lines of a copy as anybody would set them: one space between words."""
    pages = pages_of(selectors.script_of(copy.version))
    return [" ".join(line.words) for page in pages for line in page if line is not None]


@pytest.mark.req("ST-040")
def test_every_page_names_its_reader_and_the_text_is_whole(copies: list[tuple[Copy, bytes]]) -> None:
    for (copy, data), name in zip(copies, READERS, strict=True):
        assert hashlib.sha256(data).hexdigest() == copy.sha256
        pages = PdfReader(io.BytesIO(data)).pages
        assert len(pages) == copy.pages > 5
        texts = [page.extract_text() for page in pages]
        assert all(f"For {name} alone" in text for text in texts)
        assert not any(other in text for other in READERS if other != name for text in texts)
    assert len({data for _, data in copies}) == len(READERS)


@pytest.mark.req("ST-043")
def test_the_reader_is_named_after_the_copy_was_changed(
    copies: list[tuple[Copy, bytes]], producer: Principal, work: Work, tmp_path: Path
) -> None:
    copy, data = copies[1]
    same = leaked(producer, work, tmp_path, data)
    assert (same.how, same.copy) == ("FILE", copy)
    for changed in (
        rewritten(data),
        rewritten(data, pages=slice(3, 4)),
        rewritten(data, scale=0.83, shift=31.0),
    ):
        leak = leaked(producer, work, tmp_path, changed)
        assert (leak.how, leak.copy) == ("MARK", copy)
        assert leak.likeness is not None
        assert leak.likeness.odds < 1e-6


def test_two_copies_laid_together_name_both_before_the_third(copies: list[tuple[Copy, bytes]]) -> None:
    writer = PdfWriter()
    for (_, data), page in ((copies[0], 2), (copies[2], 4)):
        writer.add_page(PdfReader(io.BytesIO(data)).pages[page])
    out = io.BytesIO()
    writer.write(out)
    told = likest(see_pdf(out.getvalue(), Limits()), [copy.pk for copy, _ in copies])
    assert {one.copy_id for one in told[:2]} == {copies[0][0].pk, copies[2][0].pk}
    # one page of each: what a whole script proves at 1e-6, a page of some 300 words proves a hundred times weaker
    assert told[1].odds < 1e-4
    assert told[2].odds > 1e-3


def test_nobody_is_named_by_an_unmarked_print_or_by_copied_words(
    copies: list[tuple[Copy, bytes]], producer: Principal, work: Work, tmp_path: Path
) -> None:
    leak = leaked(producer, work, tmp_path, scripts.pdf_of_lines(evenly_set(copies[0][0])))
    assert leak.lines > 100
    assert (leak.how, leak.copy) == ("NONE", None)


@pytest.mark.req("ST-043")
@pytest.mark.parametrize(("dots", "angle"), [(150, 0.7), (200, -1.3)])
def test_a_scan_of_one_page_names_its_reader(
    copies: list[tuple[Copy, bytes]], producer: Principal, work: Work, tmp_path: Path, dots: int, angle: float
) -> None:
    copy, data = copies[2]
    leak = leaked(producer, work, tmp_path, scanned(data, page=2, dots=dots, angle=angle))
    assert (leak.how, leak.copy) == ("SCAN", copy)
    assert leak.likeness is not None
    assert leak.likeness.odds < 1e-6


def test_a_scan_of_an_unmarked_page_or_of_none_names_nobody(
    copies: list[tuple[Copy, bytes]], producer: Principal, work: Work, tmp_path: Path
) -> None:
    unmarked = scanned(scripts.pdf_of_lines(evenly_set(copies[0][0])), page=1, dots=150, angle=0.4)
    assert leaked(producer, work, tmp_path, unmarked).how == "NONE"
    blank = io.BytesIO()
    Image.new("L", (600, 800), 255).save(blank, "PNG")
    assert leaked(producer, work, tmp_path, blank.getvalue()).how == "NONE"
    with pytest.raises(InvalidInput) as cut:
        leaked(producer, work, tmp_path, unmarked[: len(unmarked) // 2])
    assert cut.value.code == "SCRIPT_MALFORMED"
    with pytest.raises(InvalidInput) as noise:
        leaked(producer, work, tmp_path, b"no picture")
    assert noise.value.code == "SCRIPT_TYPE"


def scanned(data: bytes, *, page: int, dots: int, angle: float) -> bytes:
    """One page as a scanner gives it: a turned, noisy, greyed JPEG."""
    document = pypdfium2.PdfDocument(data)
    picture = document[page].render(scale=dots / 72, grayscale=True).to_pil()
    document.close()
    turned = picture.rotate(angle, fillcolor=255, resample=Image.Resampling.BICUBIC)
    grey = np.asarray(turned, dtype=float)
    noise = np.random.default_rng(1).normal(0, 12, grey.shape)
    out = io.BytesIO()
    Image.fromarray((grey * 0.85 + 25 + noise).clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=50)
    return out.getvalue()


def test_a_line_that_stands_again_and_again_counts_once() -> None:
    """Its flips are the same each time: a running title on every page is no evidence, however many pages there are."""
    lines = [SeenLine(("For", "Jonas", "alone"), (0.07, -0.07))] * 500
    told = likest(lines, [UUID(int=number) for number in range(40)])
    assert all(one.words == 2 for one in told)
    assert all(one.odds == 1.0 for one in told)
    even = [SeenLine(tuple(f"word{at}{n}" for n in range(9)), (1e-6,) * 8) for at in range(300)]
    assert {one.words for one in likest(even, [UUID(int=1)])} == {0}


def test_without_the_secret_the_directions_are_coin_flips() -> None:
    lines = [[f"word{at}{n}" for n in range(9)] for at in range(400)]
    mine, other = (
        [way for line in lines for way in directions(secret_of(UUID(int=number)), line)] for number in (1, 2)
    )
    agree = sum(one == another for one, another in zip(mine, other, strict=True))
    assert 0.45 < agree / len(mine) < 0.55
    assert 0.45 < mine.count(1) / len(mine) < 0.55


def test_copies_stand_on_record_and_are_fetched_by_their_maker_while_reading_is_granted(
    add: Add, producer: Principal, work: Work
) -> None:
    add()
    reader = factories.make_desk(factories.make_vendor(), "ENGINEER")
    with pytest.raises(NotFound):
        services.make_copy(principal=reader, work_id=work.pk)
    given = grant(producer, work, reader)
    with pytest.raises(Forbidden) as others:
        services.make_copy(principal=reader, work_id=work.pk, recipient="Somebody Else")
    assert others.value.code == "RECIPIENT_NOT_YOURS"
    copy = services.make_copy(principal=reader, work_id=work.pk)
    assert copy.recipient == reader.person.full_name
    services.fetch_copy(principal=reader, copy_id=copy.pk)
    with pytest.raises(NotFound):
        services.fetch_copy(principal=producer, copy_id=copy.pk)
    handed = Access.objects.get(outcome="DELIVERED")
    assert (handed.part, handed.sha256, handed.person) == ("COPY", copy.sha256, reader.person)
    services.end_grant(principal=producer, grant_id=given.pk, reason="Over.")
    with pytest.raises(Forbidden) as ended:
        services.fetch_copy(principal=reader, copy_id=copy.pk)
    assert ended.value.code == "REVOKED"
    with pytest.raises(NotFound):
        services.whose_copy(principal=reader, work_id=work.pk, path=Path("/dev/null"))
    assert selectors.copies_of(work).count() == 1


def test_what_cannot_be_printed_or_read_is_refused(
    add: Add, producer: Principal, work: Work, tmp_path: Path
) -> None:
    add("INT. 東京 - DAY\n\nShe waits for the train.\n", "tokyo.fountain")
    with pytest.raises(InvalidInput) as lacking:
        services.make_copy(principal=producer, work_id=work.pk)
    assert lacking.value.code == "COPY_CHARACTERS"
    assert not Copy.objects.exists()
    with pytest.raises(InvalidInput) as noise:
        leaked(producer, work, tmp_path, b"%PDF-1.7 nothing")
    assert noise.value.code == "SCRIPT_MALFORMED"
