"""``trustmark evidence ASSET``: an output's EU duties with what shows them. Needs the deployment's environment.

    trustmark evidence 0191f0c2-... [--html FILE]

Prints one JSON object. Exit codes: 0 done, 1 failed, 2 misuse, 4 a duty that this server answers for is not met.
"""

import argparse
import json
import os
from pathlib import Path
from uuid import UUID

DONE, FAILED, NOT_VERIFIED = 0, 1, 4


def main(argv: list[str]) -> int:
    """Export the evidence of one output; returns the exit code."""
    parser = argparse.ArgumentParser(prog="trustmark evidence", description="EU duties of an output.")
    parser.add_argument("asset", type=UUID, help="id of the output")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page to read as well")
    given = parser.parse_args(argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    import django

    django.setup()
    from provenance.models import Asset
    from provenance.services import duty_evidence, duty_page

    asset = Asset.objects.select_related("production").filter(pk=given.asset).first()
    if asset is None:
        print(json.dumps({"code": "NOT_FOUND", "detail": "there is no such output"}))
        return FAILED
    evidence = duty_evidence(asset)
    if given.html is not None:
        given.html.write_text(duty_page(evidence), "utf-8")
    print(json.dumps(evidence))
    return NOT_VERIFIED if any(one["state"] == "NOT_MET" for one in evidence["duties"]) else DONE
