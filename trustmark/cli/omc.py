"""``trustmark omc``: a production's graph as OMC-JSON or PROV-JSON, and OMC-JSON into a graph.

    trustmark omc export 0191f0c2-... --out film.omc.json [--prov] [--as-of EVENT]
    trustmark omc import film.omc.json --production 0191f0c2-... --as ana@studio.example [--origin HUMAN_TOOLS]
    trustmark omc check film.omc.json

``check`` needs no deployment: schema and references. The others need its environment. Exit codes: 0 done, 1 failed,
2 misuse, 4 the document does not hold.
"""

import argparse
import json
import os
import sys
from itertools import islice
from pathlib import Path
from uuid import UUID

DONE, FAILED, NOT_VERIFIED = 0, 1, 4
_SHOWN = 40


def main(argv: list[str]) -> int:
    """Export, import or check; returns the exit code."""
    given = _parser().parse_args(argv)
    try:
        return int(given.act(given))
    except OSError as error:
        print(f"trustmark omc: {error}", file=sys.stderr)
        return FAILED


def _export(given: argparse.Namespace) -> int:
    _set_up()
    from common.errors import DomainError
    from licensing.models import Production
    from provenance.omc import exporting

    production = Production.objects.select_related("organisation").filter(pk=given.production).first()
    if production is None:
        return _refused("NOT_FOUND", "there is no such production")
    try:
        export = exporting.export_of(production, production.organisation_id, as_of=given.as_of)
    except DomainError as error:
        return _refused(error.code, str(error.title))
    pieces = exporting.prov_pieces(export) if given.prov else exporting.omc_pieces(export)
    if given.out is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        return DONE
    with given.out.open("wb") as target:
        target.writelines(pieces)
    print(json.dumps({"file": str(given.out), "as_of": export.as_of}))
    return DONE


def _import(given: argparse.Namespace) -> int:
    _set_up()
    from accounts.models import User
    from accounts.principals import principal_of_person
    from common.errors import DomainError
    from licensing.models import Production
    from provenance.omc.importing import import_omc
    from provenance.omc.reading import ENTITIES_OF_A_FILE

    production = Production.objects.filter(pk=given.production).first()
    person = User.objects.filter(email__iexact=given.person, is_active=True).first()
    if production is None or person is None:
        return _refused("NOT_FOUND", "there is no such production, or no such person")
    principal = principal_of_person(person, production.organisation_id)
    if principal is None or principal.organisation_id != production.organisation_id:
        return _refused("PERSON_UNKNOWN", "this person is no member of the production's organisation")
    try:
        with given.file.open("rb") as document:
            done = import_omc(
                principal=principal, production_id=production.pk, document=document, origin=given.origin,
                most=ENTITIES_OF_A_FILE,
            )  # fmt: skip
    except DomainError as error:
        return _refused(error.code, str(error.title), str(error.detail or ""))
    print(json.dumps(vars(done)))
    return DONE


def _check(given: argparse.Namespace) -> int:
    from common.errors import DomainError, Malformed
    from provenance.omc.reading import problems_in

    count = 0
    try:
        with given.file.open("rb") as document:
            for problem in islice(problems_in(document), _SHOWN):
                count += 1
                print(json.dumps(vars(problem)))
    except Malformed as error:
        return _refused(error.code, str(error.title), str(error.detail or ""))
    except DomainError as error:
        print(json.dumps({"code": error.code, "where": "", "says": str(error.detail or error.title)}))
        return NOT_VERIFIED
    return NOT_VERIFIED if count else DONE


def _refused(code: str, *says: str) -> int:
    print(json.dumps({"code": code, "detail": ": ".join(one for one in says if one)}))
    return FAILED


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    import django

    django.setup()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trustmark omc", description="Exchange a production's graph.")
    acts = parser.add_subparsers(required=True, metavar="export|import|check")
    export = acts.add_parser("export", help="write the whole graph")
    export.add_argument("production", type=UUID)
    export.add_argument("--out", type=Path, metavar="FILE", help="else standard output")
    export.add_argument("--prov", action="store_true", help="as W3C PROV-JSON")
    export.add_argument("--as-of", type=int, metavar="EVENT", help="the last event that counts")
    export.set_defaults(act=_export)
    bring = acts.add_parser("import", help="record what a document tells")
    bring.add_argument("file", type=Path)
    bring.add_argument("--production", type=UUID, required=True)
    bring.add_argument("--as", dest="person", required=True, metavar="E-MAIL", help="who records it")
    bring.add_argument("--origin", default="", help="of things that do not tell theirs")
    bring.set_defaults(act=_import)
    check = acts.add_parser("check", help="schema and references")
    check.add_argument("file", type=Path)
    check.set_defaults(act=_check)
    return parser
