"""Scripts to hand in, made here: one story in four formats, and files that must be refused."""

from __future__ import annotations

import random
from pathlib import Path

FOUNTAIN = """\
Title: The Glass Meridian
Author: Ada Writer
Draft date: 3/4/2026

INT. OBSERVATORY - NIGHT #12A#

Ada walks in and looks up at the broken lens. [[cut this?]]

ADA
(softly)
Where have you *been* all this time?

/* An old ending. */

EXT. ROAD TO THE COAST - DAY

McAda's car stops. Nobody gets out.

CUT TO:

.THE LIGHTHOUSE

The lamp turns once and goes dark.
"""

FDX = """\
<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<FinalDraft DocumentType="Script" Template="No" Version="5">
<Content>
<Paragraph Number="12A" Type="Scene Heading"><SceneProperties Page="1"/><Text>INT. OBSERVATORY - NIGHT</Text></Paragraph>
<Paragraph Type="Action"><Text>Ada walks in and looks up at the </Text><Text Style="Italic">broken</Text><Text> lens.</Text></Paragraph>
<Paragraph Type="Character"><Text>ADA</Text></Paragraph>
<Paragraph Type="Parenthetical"><Text>(softly)</Text></Paragraph>
<Paragraph Type="Dialogue"><Text>Where have you been all this time?</Text></Paragraph>
<Paragraph Type="Scene Heading"><Text>EXT. ROAD TO THE COAST - DAY</Text></Paragraph>
<Paragraph Type="Action"><Text>McAda's car stops. Nobody gets out.</Text></Paragraph>
<Paragraph Type="Transition"><Text>CUT TO:</Text></Paragraph>
<Paragraph Type="Scene Heading"><Text>THE LIGHTHOUSE</Text></Paragraph>
<Paragraph Type="Action"><Text>The lamp turns once and goes dark.</Text></Paragraph>
</Content>
<TitlePage><Content>
<Paragraph Type="Action"><Text>The Glass Meridian</Text></Paragraph>
<Paragraph Type="Action"><Text>Written by</Text></Paragraph>
<Paragraph Type="Action"><Text>Ada Writer</Text></Paragraph>
</Content></TitlePage>
</FinalDraft>
"""

FDX_XXE = FDX.replace(
    "<FinalDraft", '<!DOCTYPE FinalDraft [<!ENTITY leak SYSTEM "file:///etc/passwd">]>\n<FinalDraft', 1
).replace("broken", "&leak;")
FDX_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE FinalDraft [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9))
    + "]><FinalDraft><Content><Paragraph Type='Action'><Text>&j;</Text></Paragraph></Content></FinalDraft>"
)

_SYLLABLES = (
    "ba",
    "cor",
    "del",
    "fin",
    "gar",
    "hul",
    "jo",
    "kem",
    "lan",
    "mir",
    "nos",
    "pel",
    "quin",
    "ros",
    "tav",
    "ul",
)
_WORDS = tuple(one + two + three for one in _SYLLABLES for two in _SYLLABLES for three in _SYLLABLES)


def long_fountain(scenes: int, *, seed: int = 1, name: str = "Another story") -> str:
    """A script of so many scenes; each is about a third of a page, and no two are alike."""
    dice = random.Random(seed)
    parts = [f"Title: {name}\nAuthor: Ada Writer\n"]
    for number in range(1, scenes + 1):
        parts.append(f"INT. {dice.choice(_WORDS).upper()} {number} - DAY #{number}#")
        parts += [" ".join(dice.choices(_WORDS, k=25)).capitalize() + "." for _ in range(4)]
        parts.append(f"ADA\n{' '.join(dice.choices(_WORDS, k=6)).capitalize()}.")
    return "\n\n".join(parts) + "\n"


def pdf_of_lines(lines: list[str], **options: object) -> bytes:
    """A PDF with these lines, 50 a page."""
    import io

    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, invariant=1, **options)  # type: ignore[arg-type]
    for first in range(0, len(lines), 50):
        text = canvas.beginText(72, 770)
        text.setFont("Courier", 11)
        for line in lines[first : first + 50]:
            text.textLine(line)
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


PDF_LINES = [
    "12A  INT. OBSERVATORY - NIGHT  12A",
    "",
    "Ada walks in and looks up at the broken lens.",
    "",
    "ADA",
    "(softly)",
    "Where have you been all this time?",
    "",
    "EXT. ROAD TO THE COAST - DAY",
    "",
    "McAda's car stops. Nobody gets out.",
]


def written(folder: Path, name: str, content: str | bytes) -> Path:
    """The content as a file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
