"""Put the page that verifies bundles together: ``trustcore/bundle/verify.html`` from ``trustcore/bundle/page/``.

One file, no toolchain: each module becomes a function that gives what it exports, in the order they need each other.
The page's own security policy names the hash of its script and style and allows nothing else, so no connection.

    python scripts/verify_page.py            # write it
    python scripts/verify_page.py --check    # exit 1 if the file is not what its sources make
"""

import base64
import hashlib
import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "trustcore" / "bundle"
SOURCES, TARGET = FOLDER / "page", FOLDER / "verify.html"
_IMPORT = re.compile(
    r'^import (?:\{(?P<names>[^}]+)\}|\* as (?P<whole>\w+)) from "(?P<path>\./[^"]+)";\n', re.MULTILINE
)
_LISTED = re.compile(r"^export \{(?P<names>[^}]+)\};?\n?", re.MULTILINE)
_DECLARED = re.compile(
    r"^export (?P<rest>(?:async )?(?:function\*?|class|const|let) (?P<name>\w+))", re.MULTILINE
)


def link(entry: Path) -> str:
    """Return one script of all modules that ``entry`` needs."""
    done: dict[Path, str] = {}
    written: list[str] = []

    def visit(path: Path) -> str:
        if path in done:
            return done[path]
        text = path.read_text("utf-8")
        name = done[path] = f"$m{len(done)}"
        heads = []
        for found in _IMPORT.finditer(text):
            other = visit((path.parent / found["path"]).resolve())
            heads.append(
                f"const {found['whole'] or '{' + found['names'].replace(' as ', ': ') + '}'} = {other};"
            )
        names = [found["name"] for found in _DECLARED.finditer(text)]
        for found in _LISTED.finditer(text):
            names += [one.strip() for one in found["names"].split(",") if one.strip()]
        body = _DECLARED.sub(r"\g<rest>", _LISTED.sub("", _IMPORT.sub("", text)))
        written.append(
            f"// {path.relative_to(SOURCES)}\nconst {name} = (() => {{\n{' '.join(heads)}\n{body}\nreturn {{ {', '.join(names)} }};\n}})();\n"
        )
        return name

    visit(entry.resolve())
    script = '"use strict";\n' + "".join(written)
    if "</script" in script.lower():
        raise ValueError("a source would end the script element")
    return script


def _source_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def build() -> str:
    """Return the page."""
    script, style = link(SOURCES / "view.js"), (SOURCES / "page.css").read_text("utf-8")
    parts = {
        "script": script,
        "style": style,
        "script-hash": _source_hash(script),
        "style-hash": _source_hash(style),
    }
    template = (SOURCES / "page.html").read_text("utf-8")
    return re.sub(r"\{([a-z-]+)\}", lambda found: parts[found[1]], template)


def main() -> int:
    """Write the page, or compare it with what stands there."""
    page = build()
    if "--check" in sys.argv[1:]:
        same = TARGET.exists() and TARGET.read_text("utf-8") == page
        print("verify.html is what its sources make" if same else "run scripts/verify_page.py")
        return 0 if same else 1
    TARGET.write_text(page, "utf-8")
    print(f"{TARGET.name}: {len(page.encode()):,} bytes, SHA-256 {hashlib.sha256(page.encode()).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
