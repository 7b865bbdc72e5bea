"""Which part and which channels of a picture file are the picture itself.

Renders hold more than colours: depth, ids, lights apart. Only red, green and blue (or grey) of the picture are
marked; in a file of several views, those of every view.
"""

from __future__ import annotations

from typing import Any

from watermarking.errors import MediaError, MediaReason

_PAGES = {"tiff"}
_COLOURS = (("r", "g", "b"), ("red", "green", "blue"))
_HALF_TOP = 65504.0
_GREY = {"y", "i", "l", "grey", "gray"}


def colour_channels(spec: Any) -> list[int]:
    """Return the numbers of red, green and blue, or of grey alone; empty when there is neither.

    Plain names come first, then those of the first layer that has all three (``beauty.R``).
    """
    names = [name.lower() for name in spec.channelnames]
    for layer in dict.fromkeys(["", *(name.rpartition(".")[0] for name in names)]):
        within = {
            name.rpartition(".")[2]: index
            for index, name in enumerate(names)
            if name.rpartition(".")[0] == layer
        }
        for wanted in _COLOURS:
            if all(name in within for name in wanted):
                return [within[name] for name in wanted]
    grey = [index for index, name in enumerate(names) if name in _GREY]
    return grey[:1] if grey and len(names) - (spec.alpha_channel >= 0) == 1 else []


def light_top(spec: Any, channel: int) -> float | None:
    """Return the largest number that a channel of halves holds; None where it holds longer ones."""
    kind = spec.channelformats[channel] if spec.channelformats else spec.format
    return _HALF_TOP if str(kind) == "half" else None


def marked_parts(specs: list[Any], form: str, name: str) -> tuple[int, ...]:
    """Return the numbers of the parts that carry the picture.

    Raises:
        MediaError: none does, or the file is a moving picture.
    """
    coloured = [number for number, spec in enumerate(specs) if colour_channels(spec)]
    if not coloured:
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, "no red, green and blue, and no grey", name)
    if form in _PAGES:
        return tuple(coloured)
    if form != "openexr" and len(specs) > 1:
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, "more than one picture", name)
    first = specs[coloured[0]]
    views = {first.get_string_attribute("view")}
    chosen = [coloured[0]]
    for number in coloured[1:]:
        view = specs[number].get_string_attribute("view")
        if view and view not in views:
            views.add(view)
            chosen.append(number)
    return tuple(chosen)
