r"""Text that people wrote, made safe to show in one line: nothing hides in it, nothing turns it round.

>>> one_line("Ilse\u202e\r\nBcc: all@example.test")
'Ilse⟨U+202E⟩ Bcc: all@example.test'
"""

_TURNS = {0x061C, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def show_controls(text: str) -> str:
    """Write invisible direction and control characters out; line breaks and tabs stay."""
    return "".join(
        f"⟨U+{ord(one):04X}⟩"
        if ord(one) in _TURNS or (ord(one) < 32 and one not in "\n\t\r") or 0x7F <= ord(one) < 0xA0
        else one
        for one in text
    )


def one_line(text: str, *, most: int = 200) -> str:
    """The text in one line of at most ``most`` characters: for a subject, a header, a list."""
    line = " ".join(show_controls(text).replace("\u2028", " ").replace("\u2029", " ").split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
