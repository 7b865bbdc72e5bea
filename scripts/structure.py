"""Write ``trustmark/structure/structure.sql`` anew: every migration run on an empty database, then dumped.

    python scripts/structure.py            # after a migration was added or changed
    python scripts/structure.py --check    # change nothing; fail where the file is not what the migrations make

It starts a PostgreSQL of its own and leaves nothing behind.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def main() -> None:
    """Start a server, migrate, dump."""
    from trustmark.embedded.postgres import Postgres

    with tempfile.TemporaryDirectory(prefix="trustmark-structure-") as folder:
        place = Path(folder)
        server = Postgres(place / "postgres", place / "postgres.log", password="structure")  # noqa: S106 - gone at the end
        child = server.start()
        try:
            os.environ |= {
                "DATABASE_URL": server.url(),
                "DJANGO_SETTINGS_MODULE": "trustmark.settings",
                "TRUSTMARK_VAR": str(place),
                "TRUSTMARK_SECRET": "0" * 64,
            }
            import django

            django.setup()
            from trustmark.structure import FILE
            from trustmark.structure.making import structure_of_migrations

            text = structure_of_migrations(server.url())
            if "--check" not in sys.argv[1:]:
                FILE.write_text(text, encoding="utf-8")
                print(f"{FILE.relative_to(ROOT)}: {len(text):,} characters")
            elif FILE.read_text(encoding="utf-8") != text:
                sys.exit(
                    f"{FILE.relative_to(ROOT)} is not what the migrations make: run scripts/structure.py"
                )
        finally:
            child.stop()


if __name__ == "__main__":
    main()
