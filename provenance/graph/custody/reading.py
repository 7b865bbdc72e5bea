"""Read one paper and print its facts as JSON: ``python -m provenance.graph.custody.reading KIND FILE``.

Image headers by OpenImageIO; EDL (CMX 3600), ALE and OTIO by OpenTimelineIO and its adapters; camera reports and logs of
dailies that are tables (CSV) take by take, their technical columns only. None of it is known to name nobody: it is sealed.
Pixels and linked media are never opened. Exits with 3 where the file is not of its kind. Needs neither database nor settings.
"""

import csv
import json
import resource
import sys
from pathlib import Path
from typing import Any

MEMORY, SECONDS = 2 << 30, 20
CLIPS_MOST, FIELDS_MOST, TEXT_MOST = 500, 200, 300
_ADAPTERS = {"EDL": "cmx_3600", "ALE": "ale", "OTIO": "otio_json"}
# what a column is called, in lower-case letters and digits: what it is kept as
_COLUMNS = {
    "scene": "scene", "sc": "scene", "shot": "shot", "slate": "slate", "take": "take", "tk": "take", "roll": "roll",
    "cameraroll": "roll",
    "reel": "roll", "tape": "roll", "card": "roll", "clip": "clip", "clipname": "clip", "file": "clip",
    "filename": "clip", "name": "clip", "camera": "camera", "cam": "camera", "cameramodel": "camera_model",
    "serial": "camera_serial", "cameraserial": "camera_serial", "lens": "lens", "lensmodel": "lens",
    "lensserial": "lens_serial", "focallength": "focal_length", "focal": "focal_length", "stop": "stop",
    "tstop": "stop", "fstop": "stop", "iris": "stop", "iso": "iso", "ei": "iso", "fps": "fps", "framerate": "fps",
    "shutter": "shutter", "shutterangle": "shutter", "wb": "white_balance", "whitebalance": "white_balance",
    "filter": "filter", "nd": "filter", "start": "start", "starttc": "start", "tcin": "start", "end": "end",
    "endtc": "end", "tcout": "end", "duration": "duration", "circled": "circled", "circle": "circled",
    "print": "circled", "shootdate": "date", "date": "date", "resolution": "resolution", "codec": "codec",
    "sound": "sound", "soundroll": "sound_roll", "md5": "md5", "xxhash": "xxhash",
}  # fmt: skip
_TELLS_A_TAKE = {"take", "clip", "slate"}
_FORMATS = {b"v/1\x01": "openexr", b"SDPX": "dpx", b"XPDS": "dpx"}


def image_header(path: Path) -> dict[str, Any]:
    """The header of an EXR or DPX file, told apart by its first bytes."""
    import OpenImageIO

    magic = path.open("rb").read(4)
    wanted = _FORMATS.get(magic)
    picture = OpenImageIO.ImageInput.open(str(path)) if wanted else None
    if picture is None or picture.format_name() != wanted:
        raise ValueError("neither EXR nor DPX, or its header does not read")
    spec = picture.spec()
    fields = {one.name: _plain(one.value) for one in list(spec.extra_attribs)[:FIELDS_MOST]}
    picture.close()
    return {
        "format": wanted,
        "width": spec.width,
        "height": spec.height,
        "channels": [str(name) for name in spec.channelnames][:FIELDS_MOST],
        "pixel_type": str(spec.format),
        "fields": fields,
    }


def timeline(kind: str, path: Path) -> dict[str, Any]:
    """The clips of an edit list, a log or a timeline, with their places in seconds and frames."""
    import opentimelineio

    read = opentimelineio.adapters.read_from_string(path.read_text("utf-8", "strict"), _ADAPTERS[kind])
    clips = list(read.find_clips()) if hasattr(read, "find_clips") else []
    if not clips:
        raise ValueError("no clip in it")
    return {
        "name": str(getattr(read, "name", "") or "")[:TEXT_MOST],
        "clips": [_clip(one) for one in clips[:CLIPS_MOST]],
        "clips_in_all": len(clips),
    }


def takes(path: Path) -> dict[str, Any]:
    """The takes of a camera report or a log of dailies, as its table has them."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        first = stream.readline()
        stream.seek(0)
        mark = max(",;\t", key=first.count)
        rows = csv.reader(stream, delimiter=mark, strict=True)
        heads = [
            _COLUMNS.get("".join(c for c in name.lower() if c.isalnum()), "")
            for name in next(rows, [])[:FIELDS_MOST]
        ]
        if not _TELLS_A_TAKE & set(heads):
            raise ValueError("no table of takes")
        found: list[dict[str, Any]] = []
        number = 0
        for row in rows:
            told = {
                head: _plain(value.strip())
                for head, value in zip(heads, row, strict=False)
                if head and value.strip()
            }
            if not _TELLS_A_TAKE & set(told):
                continue
            number += 1
            if len(found) < CLIPS_MOST:
                found.append(told)
    return {"takes": found, "takes_in_all": number}


def _clip(clip: Any) -> dict[str, Any]:
    span = clip.source_range or clip.available_range()
    told = {name: value for source in dict(clip.metadata).values() if hasattr(source, "items")
            for name, value in source.items()}  # fmt: skip
    fields = {str(name)[:80]: _plain(value) for name, value in list(told.items())[:40]}
    return {
        "name": str(clip.name or "")[:TEXT_MOST],
        "first": int(span.start_time.value),
        "frames": int(span.duration.value),
        "rate": float(span.start_time.rate),
        "fields": fields,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value if isinstance(value, bool | int) else repr(round(value, 9))
    return "".join(one for one in str(value) if one.isprintable())[:TEXT_MOST]


def _read(kind: str, path: Path) -> dict[str, Any]:
    if kind == "IMAGE_HEADER":
        return image_header(path)
    return takes(path) if kind in ("CAMERA_METADATA", "DAILIES") else timeline(kind, path)


def main() -> int:
    """Read what the arguments name, within bounds."""
    kind, name = sys.argv[1:3]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        found = _read(kind, Path(name))
    except Exception as error:  # noqa: BLE001 - whatever a reader says of a file from outside, it is not one of its kind
        sys.stderr.write(f"{type(error).__name__}: {error}"[:300])
        return 3
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
