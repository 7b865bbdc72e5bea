"""Final Draft (FDX): XML, read by defusedxml, which fetches nothing and expands no entity."""

from typing import Final
from xml.etree.ElementTree import Element as Node
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from screenplays.reading.shape import (
    ACTION,
    CHARACTER,
    CHARACTERS_OF_A_PAGE,
    DIALOGUE,
    HEADING,
    PARENTHETICAL,
    TRANSITION,
    Element,
    Format,
    Limits,
    Refusal,
    Refused,
    Script,
    require_length,
)

_KINDS: Final = {
    "Scene Heading": HEADING,
    "Character": CHARACTER,
    "Parenthetical": PARENTHETICAL,
    "Dialogue": DIALOGUE,
    "Transition": TRANSITION,
}


def read_final_draft(data: bytes, limits: Limits) -> Script:
    """Read an FDX file.

    Raises:
        Refused: ``SCRIPT_ENTITIES`` (it declares entities or a document type), ``SCRIPT_CUT`` (it ends too
            early), ``SCRIPT_MALFORMED`` (no XML, or no Final Draft document), ``SCRIPT_EMPTY``, ``SCRIPT_TOO_LONG``.
    """
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise Refused(Refusal.SCRIPT_ENTITIES) from error
    except (ParseError, ValueError, LookupError) as error:
        cut = b"<FinalDraft" in data[:4096] and b"</FinalDraft>" not in data[-4096:]
        raise Refused(Refusal.SCRIPT_CUT if cut else Refusal.SCRIPT_MALFORMED, str(error)[:200]) from error
    content = root.find("Content")
    if root.tag != "FinalDraft" or content is None:
        raise Refused(Refusal.SCRIPT_MALFORMED, "no Final Draft document with a content")
    elements = tuple(
        one for one in map(_element, content.iter("Paragraph")) if one.text.strip() or one.kind == HEADING
    )
    if not elements:
        raise Refused(Refusal.SCRIPT_EMPTY)
    pages = max(
        -(-sum(len(one.text) for one in elements) // CHARACTERS_OF_A_PAGE),
        max((_page(node) for node in content.iter("SceneProperties")), default=0),
    )
    require_length(pages, limits)
    front = [text for text in map(_text, root.findall("TitlePage/Content/Paragraph")) if text.strip()]
    return Script(Format.FINAL_DRAFT, *_front(front), "", "xml", pages, elements)


def _element(node: Node) -> Element:
    kind = _KINDS.get(node.get("Type", ""), ACTION)
    return Element(kind, _text(node), node.get("Number", "")[:20] if kind == HEADING else "")


def _text(node: Node) -> str:
    """The runs of a paragraph joined; those of a paragraph inside it (two voices at once) are its own."""
    return "".join("".join(run.itertext()) for run in node.findall("Text"))


def _page(node: Node) -> int:
    page = node.get("Page", "")
    return int(page) if page.isdecimal() and len(page) < 7 else 0


def _front(lines: list[str]) -> tuple[str, str]:
    """Title and authors of a title page: its first line, and the line behind "by"."""
    title = lines[0][:200] if lines else ""
    by = next(
        (
            at
            for at, line in enumerate(lines)
            if line.strip().casefold() in {"by", "written by", "screenplay by"}
        ),
        None,
    )
    return title, lines[by + 1][:200] if by is not None and by + 1 < len(lines) else ""
