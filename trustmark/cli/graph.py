"""``trustmark graph``: where something came from, what a model made and was told, whether anybody meddled, the end of a key.

    trustmark graph origin 0191f0c2-... --as ana@studio.example [--frame 1042 [--x 960 --y 540]]
    trustmark graph find --as ana@studio.example --model "Face rig@3" --reference external:scan-12 [--project ID]
    trustmark graph prompt 0191f0c2-... --as ana@studio.example
    trustmark graph score 0191f0c2-... --as ana@studio.example
    trustmark graph inspect 0191f0c2-...
    trustmark graph destroy-key 0191f0c2-... [--destroy]

Needs the deployment's environment. Answers are JSON, as the API gives them, for whoever ``--as`` names; ``find`` prints
every row on a line of its own. Exit codes: 0 done, 1 failed, 2 misuse, 4 the graph is not as it was recorded.
"""

import argparse
import json
import os
import sys
from typing import Any
from uuid import UUID

DONE, FAILED, NOT_VERIFIED = 0, 1, 4


def main(argv: list[str]) -> int:
    """Ask, inspect or destroy; returns the exit code."""
    given = _parser().parse_args(argv)
    _set_up()
    from common.errors import DomainError

    try:
        return int(given.act(given))
    except DomainError as error:
        return _refused(error.code, str(error.title), str(error.detail or ""))


def _origin(given: argparse.Namespace) -> int:
    from provenance.graph import telling
    from provenance.graph.selectors import Place, origin_of, version_named

    if (given.x is None) != (given.y is None) or (given.x is not None and given.frame is None):
        return _refused("PLACE_INVALID", "A point is x and y, in a frame.")
    principal = _principal(given.person)
    place = Place(given.frame, given.x, given.y) if given.frame is not None else None
    return _said(
        telling.origin_told(origin_of(principal, version_named(principal, given.asset), place=place))
    )


def _find(given: argparse.Namespace) -> int:
    from provenance.graph import telling
    from provenance.graph.selectors import Wanted, generated_assets
    from provenance.graph.sights import Sight

    if not (given.model or given.reference):
        return _refused("QUERY_EMPTY", "Name a model, a reference, or both.")
    principal = _principal(given.person)
    wanted = Wanted(model=given.model, reference=given.reference, project=given.project)
    sight, cursor = Sight.of(principal), ""
    while True:
        page = generated_assets(principal, wanted, cursor=cursor, limit=200)
        for one in page.rows:
            print(_json(telling.found_told(one, sight)))
        cursor = page.next_cursor
        if not cursor:
            return DONE


def _prompt(given: argparse.Namespace) -> int:
    from common.errors import NotFound
    from provenance.graph.sealing import open_with_salt
    from provenance.graph.selectors.generations import generations_page
    from provenance.graph.selectors.origin import may_read_prompt
    from provenance.graph.sights import Sight

    principal = _principal(given.person)
    run = generations_page(principal).filter(pk=given.generation).first()
    if run is None or not may_read_prompt(run, Sight.of(principal)):
        raise NotFound
    told = {}
    for name, row in (("prompt", run.prompt), ("negative_prompt", run.negative_prompt)):
        opened = open_with_salt(row) if row else None
        told[name] = row and {
            "text": opened and opened[1],
            "salt": opened and opened[0].hex(),
            "commitment": row.commitment,
        }
    return _said(told)


def _score(given: argparse.Namespace) -> int:
    from common.errors import NotFound
    from licensing.selectors import production_for
    from provenance.graph import telling
    from provenance.graph.selectors import completeness_of, incomplete_versions
    from provenance.graph.selectors.completeness import require_whole

    principal = _principal(given.person)
    production = production_for(principal, given.production)
    if production is None:
        raise NotFound
    require_whole(principal, production)
    return _said(telling.completeness_told(completeness_of(production), incomplete_versions(production)))


def _inspect(given: argparse.Namespace) -> int:
    from provenance.graph.inspection import inspect_graph

    _require_production(given.production)
    found = inspect_graph(given.production)
    for one in found:
        print(json.dumps({"code": one.code, "what": one.what}))
    print(json.dumps({"differences": len(found)}))
    return NOT_VERIFIED if found else DONE


def _destroy_key(given: argparse.Namespace) -> int:
    from provenance.graph.models import SealedText
    from provenance.graph.sealing import destroy_key

    _require_production(given.production)
    texts = SealedText.objects.filter(production=given.production).count()
    if given.destroy:
        destroy_key(given.production)
    return _said({"texts": texts, "destroyed": bool(given.destroy)})


def _require_production(production_id: UUID) -> None:
    from common.errors import NotFound
    from licensing.models import Production

    if not Production.objects.filter(pk=production_id).exists():
        raise NotFound


def _principal(email: str) -> Any:
    from accounts.models import User
    from accounts.principals import principal_of_person
    from common.errors import InvalidInput

    person = User.objects.filter(email__iexact=email, is_active=True).first()
    principal = principal_of_person(person) if person else None
    if principal is None:
        raise InvalidInput("PERSON_UNKNOWN", "There is no such person in any organisation.")
    return principal


def _said(told: Any) -> int:
    print(_json(told))
    return DONE


def _json(told: Any) -> str:
    return json.dumps(told, default=str)


def _refused(code: str, *says: str) -> int:
    print(json.dumps({"code": code, "detail": " ".join(one for one in says if one)}), file=sys.stderr)
    return FAILED


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    import django

    django.setup()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trustmark graph", description="Ask a production's graph.")
    acts = parser.add_subparsers(required=True, metavar="origin|find|prompt|score|inspect|destroy-key")
    origin = acts.add_parser("origin", help="where a version, a frame or a point came from")
    origin.add_argument("asset", type=UUID, help="id of a version, or of an asset (its newest version)")
    for name in ("--frame", "--x", "--y"):
        origin.add_argument(name, type=int)
    origin.set_defaults(act=_origin)
    find = acts.add_parser("find", help="every asset that a model made with a reference")
    find.add_argument("--model", default="", help="id, sha256:..., name or name@version")
    find.add_argument("--reference", default="", help="id, sha256:... or external:...")
    find.add_argument("--project", type=UUID)
    find.set_defaults(act=_find)
    prompt = acts.add_parser("prompt", help="what a run was told, with the salt that proves it")
    prompt.add_argument("generation", type=UUID)
    prompt.set_defaults(act=_prompt)
    score = acts.add_parser("score", help="how much of a production is recorded well enough")
    score.add_argument("production", type=UUID)
    score.set_defaults(act=_score)
    for asking in (origin, find, prompt, score):
        asking.add_argument("--as", dest="person", required=True, metavar="E-MAIL", help="who asks")
    inspect = acts.add_parser("inspect", help="whether rows, events, trail and log agree")
    inspect.add_argument("production", type=UUID)
    inspect.set_defaults(act=_inspect)
    destroy = acts.add_parser("destroy-key", help="make every prompt and note unreadable for good")
    destroy.add_argument("production", type=UUID)
    destroy.add_argument("--destroy", action="store_true", help="without it, only tell what would be lost")
    destroy.set_defaults(act=_destroy_key)
    return parser
