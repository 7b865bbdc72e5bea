"""How a field is drawn, by its widget: one template draws every form."""

from django import forms, template
from django.forms import BoundField

register = template.Library()


@register.filter
def shape(field: BoundField) -> str:
    """``choices`` (radio buttons), ``group`` (several checks), ``check`` (one), or ``field``."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxSelectMultiple):
        return "group"
    if isinstance(widget, forms.RadioSelect):
        return "choices"
    return "check" if isinstance(widget, forms.CheckboxInput) else "field"


@register.filter
def fields_of(form: forms.Form, names: tuple[str, ...]) -> list[BoundField]:
    """The named fields that the form has, in that order."""
    return [form[name] for name in names if name in form.fields]
