"""Every message has its translation: nothing is missing, unsure, obsolete, or holds other values than the code."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import messages


def catalogue(*entries: tuple[object, object]) -> Catalog:
    made = Catalog(locale="es")
    for text, string in entries:
        made.add(text, string=string)
    return made


def test_every_catalogue_is_whole_up_to_date_and_compiled() -> None:
    wrong = {
        name: found for name, path, made in messages.catalogues() if (found := messages.check(path, made))
    }
    assert not wrong, f"run scripts/messages.py, then translate: {wrong}"


@pytest.mark.parametrize(
    ("text", "string", "fault"),
    [
        ("Nothing was signed", "", "no translation"),
        ("Ends %(day)s", "Termina el %(dia)s", "other values"),
        ("Ends %(day)s", "Termina", "other values"),
        ("Passkey {number}", "Llave {numero}", "other values"),
        ("Over %(share)s %%", "Más del %(share)s por ciento", "other values"),
        ("<b>Not sent.</b> Kept.", "Sin enviar. Se conserva.", "other markup"),
        (
            ("%(count)s frame of %(all)s", "%(count)s frames of %(all)s"),
            ("uno", "%(count)s de %(all)s"),
            "other values",
        ),
        (("%(count)s frame", "%(count)s frames"), ("%(count)s fotograma", ""), "no translation"),
        (("%(count)s frame", "%(count)s frames"), ("un fotograma", "fotogramas"), "other values"),
    ],
)
def test_a_translation_that_breaks_its_message_is_found(text: object, string: object, fault: str) -> None:
    (found,) = messages.faults(catalogue((text, string)))
    assert found.startswith(fault)


def test_one_may_be_said_in_a_word_and_whole_messages_pass() -> None:
    forms = ("%(count)s frame", "%(count)s frames")
    assert messages.faults(catalogue((forms, ("un fotograma", "%(count)s fotogramas")), ("Go", "Ir"))) == []


def test_a_message_of_the_code_that_the_catalogue_lacks_or_keeps_too_long_is_found(tmp_path: Path) -> None:
    path = tmp_path / "django.po"
    held = catalogue(("Go", "Ir"), ("Gone", "Ido"))
    path.write_bytes(messages.written(held))
    path.with_suffix(".mo").write_bytes(messages.compiled(held))
    found = messages.Found()
    found.add("Go", "a.py")
    found.add("Stop", "a.py")
    wrong = messages.check(path, messages.renewed(found, held, "django", partial=False))
    assert wrong == ["no translation: Stop", "not in the catalogue: Stop", "in no code any more: Gone"]


def test_messages_are_met_in_code_templates_and_refusals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    (tmp_path / "code.py").write_text(
        '_("One") % {}\nngettext("a %(n)s", "b %(n)s", 2)\npgettext("month", "Jan")\n'
        'raise InvalidInput("CODE", "Refused.", "Try again.")\nprint("never")\n'
    )
    (tmp_path / "page.html").write_text(
        "{% load i18n %}{% translate 'Two' %}{% blocktranslate trimmed count n=x %}c {{ n }}{% plural %}d {{ n }}"
        '{% endblocktranslate %}{% include "x" with title=_("Three") %}'
    )
    found = messages.Found()
    messages.python_messages(tmp_path / "code.py", messages.CALLS, found)
    messages.template_messages(tmp_path / "page.html", found)
    assert set(found.places) == {
        (None, "One"), (None, ("a %(n)s", "b %(n)s")), ("month", "Jan"), (None, "Refused."), (None, "Try again."),
        (None, "Two"), (None, ("c %(n)s", "d %(n)s")), (None, "Three"),
    }  # fmt: skip
