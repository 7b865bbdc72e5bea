r"""What a confined stage answers, made fit to be kept and shown: text from strangers' files is among it.

Control characters (a database keeps no NUL, a terminal obeys an escape), halves of characters, and marks that turn the
direction of what follows become U+FFFD: visible, and harmless. Numbers that are none are not numbers.

>>> clean({"signer": "Studio\x00\u202eoidutS", "at": 1.5})
{'signer': 'Studio��oidutS', 'at': 1.5}
"""

import json
import math
import re
from typing import Any, NoReturn

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def read_answer(text: bytes) -> Any:
    """Read a stage's JSON.

    Raises:
        ValueError: it is none, or holds a number that is none or has no end.
        RecursionError: it is nested beyond reason.
    """
    return clean(json.loads(text, parse_float=_finite, parse_constant=_refused))


def clean(value: Any) -> Any:
    """JSON values with every text in them fit to be kept and shown."""
    if isinstance(value, str):
        return _UNFIT.sub("\ufffd", value)
    if isinstance(value, dict):
        return {clean(name): clean(one) for name, one in value.items()}
    return [clean(one) for one in value] if isinstance(value, list) else value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number without end")
    return number


def _refused(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
