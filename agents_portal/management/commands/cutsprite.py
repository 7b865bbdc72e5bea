"""Cut the icon sprite: ``python manage.py cutsprite node_modules/lucide-static``."""

import re
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from agents_portal.icons import ICONS

SPRITE = Path(__file__).resolve().parents[2] / "static" / "agents_portal" / "sprite.svg"
SHAPES = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


def cut_symbol(name: str, svg: str) -> str:
    """Return one ``<symbol>`` holding the shapes of a Lucide icon, stroke 1.75.

    Raises:
        CommandError: the file holds no ``<svg>`` element.
    """
    found = SHAPES.search(svg)
    if found is None:
        raise CommandError(f"{name} holds no <svg> element")
    shapes = " ".join(found.group(1).split())
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
        f'stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
    )


class Command(BaseCommand):
    """Writes ``sprite.svg`` from the icons named in ``agents_portal.icons``."""

    help = "Cut the icons the portal uses out of an unpacked lucide-static package."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("package", type=Path, help="folder of lucide-static (holds icons/)")

    def handle(self, *args: object, package: Path, **options: object) -> None:
        missing = [name for name in ICONS if not (package / "icons" / f"{name}.svg").is_file()]
        if missing:
            raise CommandError(f"lucide-static has no icon named {', '.join(missing)}")
        symbols = [cut_symbol(name, (package / "icons" / f"{name}.svg").read_text()) for name in ICONS]
        SPRITE.write_text(
            "<!-- Lucide 1.62.0, ISC licence; see lucide.LICENSE.txt. Made by manage.py cutsprite. -->\n"
            '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
        )
        self.stdout.write(f"{len(symbols)} icons in {SPRITE.name}")
