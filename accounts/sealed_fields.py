"""Columns whose text is sealed under the key of the person it is about.

The column's type stays what it was: a text, or JSON that holds one text. A row from before, and one that is about
nobody (``subject`` leads to None), keeps its text in clear. A text is opened when it is looked at, never before, so that
lists do not ask for keys that nobody needs. Nothing is found by what is sealed; a write that would go past the
seal (``QuerySet.update``) is refused.
"""

import json
from typing import Any, Final
from uuid import UUID

from django.db import models
from django.db.models.query_utils import DeferredAttribute

from accounts.subject_keys import PREFIX, open_text, seal_text

ERASED: Final = "[erased]"
"""What stands where a text stood that nobody can read any more."""


class Closed(str):
    """A text as the database holds it."""

    __slots__ = ()


class _OpenedWhenAsked(DeferredAttribute):
    """The attribute of a sealed column: the row keeps what is closed, who looks sees what is open."""

    field: "_Sealed"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        return self.field.opened(instance, value) if isinstance(value, Closed) else value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class _Sealed(models.Field):
    descriptor_class = _OpenedWhenAsked

    def __init__(self, *args: Any, subject: str = "", **options: Any) -> None:
        self.subject = subject
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "subject": self.subject}

    def place(self, instance: models.Model) -> str:
        """What a text is bound to: its table, column and row.

        A row whose key the database gives has none before it is written: it names another one as ``sealed_as``.
        """
        key = getattr(instance, "sealed_as", instance.pk)
        return f"{instance._meta.label_lower}.{self.attname}/{key}"

    def subject_of(self, instance: models.Model) -> UUID | None:
        """Whom the row is about, by the dotted path ``subject``."""
        found: Any = instance
        for name in self.subject.split("."):
            found = getattr(found, name, None)
        return found if found is None or isinstance(found, UUID) else UUID(str(found))

    def opened(self, instance: models.Model, value: Closed) -> Any:
        """The text, or what stands for it once its key is destroyed."""
        text = open_text(value, place=self.place(instance))
        return self.erased() if text is None else self.read(text)

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        value = instance.__dict__.get(self.attname, self.get_default())
        if isinstance(value, Closed) or not value:
            return value
        subject = self.subject_of(instance)
        if subject is None:
            return Plain(self.written(value)) if isinstance(value, str) else value
        closed = Closed(seal_text(subject, self.written(value), place=self.place(instance)))
        instance.__dict__[self.attname] = closed  # saved again, it is the same bytes
        return closed

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if isinstance(value, str) and value and not isinstance(value, Closed | Plain):
            raise ValueError(f"{self.name} is sealed when its row is saved, and not past it")
        return super().get_db_prep_save(value, connection)

    def erased(self) -> Any:
        """What is read once nobody can read it."""
        raise NotImplementedError

    def written(self, value: Any) -> str:
        """The value as the text that is sealed."""
        raise NotImplementedError

    def read(self, text: str) -> Any:
        """The value of a text that was opened."""
        raise NotImplementedError


class Plain(str):
    """A text about nobody, on its way to the database."""

    __slots__ = ()


class SealedTextField(_Sealed, models.TextField):
    """A text about a person; ``subject`` is the path to the person's id, such as ``request.talent_id``."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Leave what is closed closed: it is opened where the attribute is looked at."""
        return Closed(value) if value is not None and value.startswith(PREFIX) else value

    def erased(self) -> str:
        """``[erased]``."""
        return ERASED

    def written(self, value: str) -> str:
        """The text itself."""
        return str(value)

    def read(self, text: str) -> str:
        """The text itself."""
        return text


class SealedJSONField(_Sealed, models.JSONField):
    """An object about a person; in the database it is a JSON text."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Leave what is closed closed: it is opened where the attribute is looked at."""
        found = super().from_db_value(value, expression, connection)
        return Closed(found) if isinstance(found, str) and found.startswith(PREFIX) else found

    def erased(self) -> dict[str, Any]:
        """An empty object."""
        return {}

    def written(self, value: Any) -> str:
        """The object as JSON."""
        return json.dumps(value)

    def read(self, text: str) -> Any:
        """The object again."""
        return json.loads(text)


def opened_text(table: type[models.Model], column: str, pk: UUID, value: str) -> str:
    """A sealed text that was read past its row (``values``, a sub-query), opened."""
    if not value.startswith(PREFIX):
        return value
    text = open_text(value, place=f"{table._meta.label_lower}.{column}/{pk}")
    return ERASED if text is None else text
