"""Write the OpenAPI document that the TypeScript client is typed by, and what is made from it.

    python scripts/typescript_client.py            # openapi.json, api.d.ts and dist/ of clients/typescript
    python scripts/typescript_client.py --document # openapi.json alone, which needs no Node
    python scripts/typescript_client.py --check    # write nothing; 1 if openapi.json is not what the server serves

Node and npm make the types (openapi-typescript) and compile; both are pinned in ``package-lock.json``. What they made is
in the tree, so that using and testing the client needs Node alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "clients" / "typescript"


def main(options: list[str]) -> int:
    """Write the files, or compare the document; 2 for an unknown option."""
    if options not in ([], ["--document"], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    if options == ["--check"]:
        return 0 if (HOME / "openapi.json").read_text() == text_of(document()) else 1
    (HOME / "openapi.json").write_text(text_of(document()))
    if not options:
        if not (HOME / "node_modules").exists():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=HOME, check=True)
        for script in ("types", "build"):
            subprocess.run(["npm", "run", "--silent", script], cwd=HOME, check=True)
    return 0


def document() -> dict:  # type: ignore[type-arg]
    """The document as the server serves it, without the address of any server."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    import django

    django.setup()
    from drf_spectacular.generators import SchemaGenerator

    return SchemaGenerator().get_schema(request=None, public=True)


def text_of(described: dict) -> str:  # type: ignore[type-arg]
    """One member on a line, in the order of their names: a change is seen as what it is."""
    return json.dumps(described, indent=1, sort_keys=True, default=str) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
