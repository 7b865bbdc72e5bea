#!/usr/bin/env python3
"""The catalogues of what people read: collects every message of code and templates, and compiles translations.

    python scripts/messages.py              # bring the catalogues up to date and compile them
    python scripts/messages.py --check      # change nothing; fail where a catalogue lacks, keeps or breaks a message
    python scripts/messages.py --missing    # print what has no translation yet

Two domains: ``django`` (``locale/``: templates and the server's packages) and ``trustcore``
(``trustcore/locale/``: what the core says of terms, read without Django). English stands in the code.
``es_Informal`` holds only the messages that address a talent as *tú*; the rest falls back to ``es``.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("es",)
PARTIAL = ("es_Informal",)
PACKAGES = (
    "accounts", "agents_portal", "audit", "common", "compliance", "licensing", "notify", "provenance", "receipts",
    "screenplays", "training", "trustmark", "verification", "watermarking",
)  # fmt: skip
TEMPLATES = ("templates", *(f"{package}/templates" for package in PACKAGES))
CALLS = {
    "_": (0,), "gettext": (0,), "gettext_lazy": (0,), "gettext_noop": (0,), "later": (0,), "said": (0,),
    "ngettext": (0, 1), "ngettext_lazy": (0, 1),
    "pgettext": ("context", 1), "pgettext_lazy": ("context", 1), "npgettext": ("context", 1, 2),
}  # fmt: skip
CORE_CALLS = {"say": (0,), "message": (0,), "counted": (0, 1)}
ERRORS = frozenset(
    {
        "Conflict", "DomainError", "Forbidden", "InvalidInput", "Malformed", "NotFound", "TooLarge",
        "Unauthenticated", "Unavailable", "WrongMediaType",
    }
)  # fmt: skip
PROBLEMS = {"problem": 2, "problem_response": 2, "_page": 3}
"""Functions that say a refusal, by where its sentences begin among their arguments."""
_PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]|\{(\w*)\}|%%|%[sd]")
_TAG = re.compile(r"</?[a-z][^>]*>")
Key = tuple[str | None, str | tuple[str, str]]
"""Context, and the message or its two forms."""


@dataclass
class Found:
    """Messages and where they stand, in the order they were met."""

    places: dict[Key, set[str]] = field(default_factory=dict)

    def add(self, text: str | tuple[str, str], place: str, context: str | None = None) -> None:
        """Remember one message."""
        if text:
            self.places.setdefault((context, text), set()).add(place)


def python_messages(path: Path, calls: dict[str, tuple[int | str, ...]], found: Found) -> None:
    """Collect the marked texts of one module, and the sentences of what it refuses."""
    place = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in calls:
            _marked(node, calls[name], place, found)
        elif calls is CALLS and (name in ERRORS or name in PROBLEMS):
            first = PROBLEMS.get(name, 1)
            for argument in node.args[first : first + 2]:
                found.add(_constant(argument), place)


def _marked(node: ast.Call, shape: tuple[int | str, ...], place: str, found: Found) -> None:
    texts = [_constant(argument) for argument in node.args]
    context = texts[0] if shape[0] == "context" and texts else None
    wanted = [texts[at] for at in shape if isinstance(at, int) and at < len(texts)]
    if len(wanted) == 2 and all(wanted):
        found.add((wanted[0], wanted[1]), place, context)
    elif len(wanted) == 1:
        found.add(wanted[0], place, context)


def _constant(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def template_messages(path: Path, found: Found) -> None:
    """Collect the marked texts of one template, as Django reads them."""
    from django.utils.translation.template import templatize

    place = path.relative_to(ROOT).as_posix()
    code = templatize(path.read_text(encoding="utf-8"), origin=place)
    keywords = {"_": None, "gettext": None, "ngettext": None, "pgettext": None, "npgettext": None}
    for _line, name, texts, _comments in extract_python(io.BytesIO(code.encode()), keywords, [], {}):
        parts = [text for text in ([texts] if isinstance(texts, str) else texts) if isinstance(text, str)]
        if not parts:
            continue
        context = parts.pop(0) if name in {"pgettext", "npgettext"} else None
        found.add((parts[0], parts[1]) if name in {"ngettext", "npgettext"} else parts[0], place, context)


def server_messages() -> Found:
    """Collect what pages, letters and refusals say."""
    found = Found()
    for folder in TEMPLATES:
        for path in sorted((ROOT / folder).rglob("*.*")):
            if path.suffix in {".html", ".txt"}:
                template_messages(path, found)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                python_messages(path, CALLS, found)
    return found


def core_messages() -> Found:
    """Collect what the core says, with the words of its tables."""
    found = Found()
    for path in sorted((ROOT / "trustcore").rglob("*.py")):
        python_messages(path, CORE_CALLS, found)
    for place, text in _core_tables():
        found.add(text, place)
    return found


def _core_tables() -> Iterator[tuple[str, str]]:
    import msgspec

    from trustcore.policy import clauses, diff, reasons, territory, vocabulary, words
    from trustcore.policy.shape import Declared

    for table in (words.USES, words.CONSTRUCTS, words.CHANNELS, words.CONTENT, words.CONTENT_RULES):
        yield from (("trustcore/policy/words.py", text) for text in table.values())
    for reason in reasons.DenyReason:
        yield from (("trustcore/policy/reasons.py", text) for text in (reason.explanation, reason.mend))
    for name in territory.country_names():
        yield "trustcore/policy/territories.json", name
    for place in sorted((ROOT / "trustcore" / "policy" / "profile_data").glob("*.json")):
        profile = json.loads(place.read_bytes())
        said = [profile["title"], profile["note"], *(source["title"] for source in profile["sources"])]
        said += [rule["because"] for rule in profile["rules"]]
        yield from ((place.relative_to(ROOT).as_posix(), text) for text in said)
    for name in msgspec.structs.fields(Declared):
        yield "trustcore/policy/shape.py", diff.declared_label(name.name)
    for kind in (
        clauses.Assignability, clauses.ChangeOfControl, clauses.Checkpoint, clauses.Exclusivity, clauses.MarkLayer,
        clauses.OnEnd, clauses.PayBasis, clauses.ProjectKind, clauses.RenewalTerms, clauses.ReportCadence,
        clauses.ReportReader, clauses.VisibleLabel, vocabulary.ApprovalMode, vocabulary.ReplicaClass,
    ):  # fmt: skip
        yield from (("trustcore/policy/clauses.py", words.plain(member)) for member in kind)
    yield "trustcore/policy/shape.py", words.plain("FULL_WORK")


def catalogue_path(domain: str, locale: str) -> Path:
    """Where a catalogue is kept."""
    base = ROOT / "locale" if domain == "django" else ROOT / "trustcore" / "locale"
    return base / locale / "LC_MESSAGES" / f"{domain}.po"


def read_catalogue(path: Path, locale: str) -> Catalog:
    """Read a catalogue; an empty one where there is none."""
    if not path.exists():
        return Catalog(locale=locale.partition("_")[0])
    with path.open("rb") as lines:
        return read_po(lines, locale=locale.partition("_")[0])


def renewed(found: Found, old: Catalog, domain: str, *, partial: bool) -> Catalog:
    """Return the catalogue that holds just what the code says, with the translations there were."""
    new = Catalog(
        locale="es",
        domain=domain,
        project="Trustmark",
        header_comment=f"# {domain}: made by scripts/messages.py; write translations here, nothing else.",
        fuzzy=False,
    )
    new.creation_date = new.revision_date = _EPOCH
    kept = {_key(message): message for message in old if message.id}
    for (context, text), places in found.places.items():
        before = kept.get((context, text))
        if partial and before is None:
            continue
        new.add(
            text,
            string=before.string if before else None,
            locations=[(place, 0) for place in sorted(places)],
            flags=["python-format"]
            if _PLACEHOLDER.search(text[0] if isinstance(text, tuple) else text)
            else [],
            context=context,
        )
    return new


def _key(message: Message) -> Key:
    return (message.context, message.id if isinstance(message.id, str) else (message.id[0], message.id[1]))


def faults(catalogue: Catalog) -> list[str]:
    """Say what is wrong with translations: none, unsure, or other values than the message has."""
    wrong = []
    for message in catalogue:
        if not message.id:
            continue
        name = message.id if isinstance(message.id, str) else message.id[0]
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if not all(strings):
            wrong.append(f"no translation: {name}")
        elif message.fuzzy:
            wrong.append(f"unsure: {name}")
        elif broken := _broken(message, [str(one) for one in strings]):
            wrong.append(f"{broken}: {name}")
    wrong.extend(f"obsolete: {message.id}" for message in catalogue.obsolete.values())
    return wrong


def _broken(message: Message, strings: list[str]) -> str:
    ids = [message.id, message.id] if isinstance(message.id, str) else list(message.id)
    for at, string in enumerate(strings):
        # the form for exactly one may say it in a word of its own and leave the figure out
        wanted = _values(ids[min(at, 1)])
        missing = wanted - _values(string)
        spare = {"number", "count", "days"} if at == 0 and len(strings) > 1 else set()
        if _values(string) - _values(ids[1]) or missing - spare:
            return "other values than the message"
        tags = sorted(_TAG.findall(ids[min(at, 1)]))
        if tags != sorted(_TAG.findall(string)):
            return "other markup than the message"
    return ""


def _values(text: str) -> set[str]:
    return {match[1] or match[2] or match[0] for match in _PLACEHOLDER.finditer(text)}


def written(catalogue: Catalog) -> bytes:
    """Return the catalogue as its file holds it."""
    file = io.BytesIO()
    write_po(file, catalogue, width=110, include_lineno=False, ignore_obsolete=True, sort_output=False)
    return file.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """Return the catalogue as programs read it."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def catalogues() -> Iterator[tuple[str, Path, Catalog]]:
    """Every catalogue as it should be: its name, its file, and what it holds now that the code was read."""
    for domain, found in (("django", server_messages()), ("trustcore", core_messages())):
        locales: Iterable[str] = (*LANGUAGES, *PARTIAL) if domain == "django" else LANGUAGES
        for locale in locales:
            path = catalogue_path(domain, locale)
            old = read_catalogue(path, locale)
            yield f"{domain} {locale}", path, renewed(found, old, domain, partial=locale in PARTIAL)


def check(path: Path, catalogue: Catalog) -> list[str]:
    """Say what keeps a catalogue from being whole and up to date."""
    wrong = faults(catalogue)
    old = read_catalogue(path, "es")
    wanted, held = ({_key(one) for one in cat if one.id} for cat in (catalogue, old))
    wrong += [f"not in the catalogue: {text}" for _context, text in sorted(wanted - held, key=str)]
    wrong += [f"in no code any more: {text}" for _context, text in sorted(held - wanted, key=str)]
    wrong += [fault for fault in faults(old) if fault not in wrong]
    binary = path.with_suffix(".mo")
    if not wrong and (not binary.exists() or binary.read_bytes() != compiled(catalogue)):
        wrong.append("not compiled since it was changed")
    return wrong


def main() -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing, fail where something is wrong")
    parser.add_argument("--missing", action="store_true", help="print what has no translation yet")
    asked = parser.parse_args()
    failed = False
    for name, path, catalogue in catalogues():
        if asked.missing:
            for message in catalogue:
                strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
                if message.id and not all(strings):
                    print(f"{name}\t{message.context or ''}\t{message.id!r}")
            continue
        if asked.check:
            wrong = check(path, catalogue)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written(catalogue))
            path.with_suffix(".mo").write_bytes(compiled(catalogue))
            wrong = faults(catalogue)
        print(f"{name}: {len(catalogue)} messages, {len(wrong)} to mend")
        for fault in wrong if asked.check else []:
            print(f"  {fault}")
        failed = failed or bool(wrong)
    return 1 if failed else 0


_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    sys.exit(main())
