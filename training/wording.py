"""The words that inventories, tables and screens use, as one thing that can be approved.

Names are part of what a house says to a regulator or in court: "approved", "licensed" and "owned" are not the engineers' to
choose. So every label of the closed words (in each language of the portal), every name of a column that leaves the house
and every code of the gate stands under one key each, and all of them have one hash. Change one, and it is another wording.

>>> words()["LicenceClass.OWNED"], words()["table.originals.sha256"]
('Own work', 'sha256')
"""

import re
from typing import Final

from django.conf import settings
from django.db.models import TextChoices
from django.utils import translation

from training import vocabulary
from training.contracts.clauses import CUSTOM, SLA
from training.gate.policy import HOUSE
from training.models import RightsRecord, Source, TrainingAsset
from training.reporting.tables import TABLES
from trustcore.encoding import canonical_json, sha256_hex

_RULE: Final = re.compile(r'^@id\("(\w+)"\)', re.MULTILINE)
_SCHEMA: Final = (Source, RightsRecord, TrainingAsset)
"""The models whose columns the source inventory is made of."""


def words() -> dict[str, str]:
    """Every word by its key; labels of other languages than English end in ``@`` and the language."""
    told: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        tail = "" if language == "en" else f"@{language}"
        with translation.override(language):
            for name, choices in sorted(vars(vocabulary).items()):
                if (
                    isinstance(choices, type)
                    and issubclass(choices, TextChoices)
                    and choices is not TextChoices
                ):
                    told |= {f"{name}.{value}{tail}": str(label) for value, label in choices.choices}
    told |= {f"table.{name}.{column}": column for name, table in TABLES.items() for column in table.columns}
    told |= {
        f"schema.{model.__name__}.{field.name}": field.name
        for model in _SCHEMA
        for field in model._meta.concrete_fields
    }
    told |= {f"clause.{name}": name for name in (*CUSTOM, *SLA)}
    return told | {f"code.{name}": name for name in _RULE.findall(HOUSE)}


def hash_of(told: dict[str, str]) -> str:
    """``sha256:`` of a wording."""
    return f"sha256:{sha256_hex(canonical_json(told))}"
