"""What an OMC document takes to come in: memory and time of the process, as ``trustmark omc import`` reads it.

    python bench/omc_import.py [--entities 40000]

A document of a tenth of the size, then the whole: assets in chains of ten, each recorded in a graph of its own. Memory is
the most that a process of its own ever held.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python")]

SCHEMA = "https://movielabs.com/omc/json/schema/v2.8"


def write(path: Path, entities: int) -> None:
    """Write a document, an entity at a time."""
    with path.open("w") as target:
        target.write('{"Asset": [')
        for number in range(entities):
            told = {
                "schemaVersion": SCHEMA, "entityType": "Asset", "name": f"plate {number}",
                "identifier": [_name(number)], "assetFC": {"functionalType": "capture.ocf"},
                "version": {"DerivationOf": {"identifier": [_name(number - 1)]}} if number % 10 else {},
            }  # fmt: skip
            target.write((", " if number else "") + json.dumps(told))
        target.write("]}")


def _name(number: int) -> dict[str, str]:
    return {"identifierScope": "bench", "identifierValue": f"plate/{number}"}


def bring(path: Path, project: str, address: str) -> None:
    """Import a document into a production; print the peak in MiB, the seconds, and how many versions came in."""
    import django

    django.setup()
    from accounts.models import User
    from accounts.principals import principal_of_person
    from licensing.models import Production
    from provenance.omc.importing import import_omc
    from provenance.omc.reading import ENTITIES_OF_A_FILE

    production = Production.objects.get(pk=project)
    desk = principal_of_person(User.objects.get(email=address), production.organisation_id)
    assert desk is not None
    begun = time.perf_counter()
    with path.open("rb") as document:
        done = import_omc(
            principal=desk, production_id=production.pk, document=document, most=ENTITIES_OF_A_FILE
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{peak:.0f} {time.perf_counter() - begun:.0f} {done.versions}")


def main() -> int:
    """Measure both sizes, and fail where the larger takes half as much again."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entities", type=int, default=40_000)
    parser.add_argument("--bring", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bring:
        bring(Path(options.bring[0]), *options.bring[1:])
        return 0
    from bench import verify

    peaks = []
    with verify._database(), tempfile.TemporaryDirectory() as folder:
        from tests import factories

        path = Path(folder) / "film.json"
        for entities in (options.entities // 10, options.entities):
            write(path, entities)
            production = factories.make_production()
            person = factories.make_producer(production.organisation).person
            command = [sys.executable, __file__, "--bring", str(path), str(production.pk), person.email]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if answer.returncode:
                print(answer.stderr[-2000:], file=sys.stderr)
                return 1
            peak, seconds, versions = map(int, answer.stdout.split())
            peaks.append(peak)
            size = path.stat().st_size
            print(f"{versions:,} versions of {size:,} bytes: {peak} MiB at most, {seconds} s", flush=True)
    return int(peaks[1] > 1.5 * peaks[0])


if __name__ == "__main__":
    sys.exit(main())
