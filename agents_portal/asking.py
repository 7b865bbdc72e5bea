"""The compose form as the body of a submission, and back: a draft of the portal is one of the API, too.

A field that cannot be read keeps the text that was typed in its place, so that nothing is lost; whoever reads
the body strictly, on sending, says what is wrong with it. What the form does not show, it leaves alone.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from agents_portal.forms.compose import ComposeForm
from common.errors import InvalidInput
from licensing.services import LicenceAsk
from trustcore.errors import TrustError
from trustcore.policy.settle import parse_time

_TOP: Final = (
    "use_types", "constructs", "replica_class", "description", "frames_max", "lines_max", "shots", "sequences",
    "render_territory", "distribution_territory", "channels", "vendors",
)  # fmt: skip
_PAY: Final = (
    "basis", "residuals", "equivalent_days_estimated", "equivalent_days_method", "equivalent_days_author",
    "scale_reference", "audit_rights",
)  # fmt: skip
DECLARED: Final = (
    "consent_form", "represented_by", "counsel_name", "bargaining_agreement", "purpose", "scan_reason",
    "value_justification", "deletion", "union_notice_at", "authority_ref", "exemption", "rider_id", "advertiser",
    "product_line", "product_category", "ad_id", "provider", "tool_record", "consent_written", "brand_approved",
    "struck_work", "prompt_names_performer", "recognisable",
)  # fmt: skip
# field -> group and name within ``terms``
_TERMS: Final = {
    "assignability": ("", "assignability"),
    "change_of_control": ("", "change_of_control"),
    "credit": ("", "credit"),
    "scan": ("retention", "scan"),
    "replica_model": ("retention", "replica_model"),
    "outputs": ("retention", "outputs"),
    "visible_label": ("marking", "visible_label"),
    "cadence": ("reporting", "cadence"),
    "storage_class": ("security", "storage_class"),
    "encryption": ("security", "encryption"),
    "tpn_level": ("security", "tpn_level"),
    "exclusivity": ("exclusivity", "kind"),
    "exclusive_categories": ("exclusivity", "categories"),
    "characters": ("scope", "characters"),
    "seconds_max": ("scope", "seconds_max"),
    "runs_max": ("scope", "runs_max"),
    "words_max": ("scope", "words_max"),
    "max_screen_seconds": ("scope", "max_screen_seconds"),
}  # fmt: skip
_SCRIPT: Final = {
    "script_ref": "ref",
    "script_version": "version",
    "script_sha256": "sha256",
    "script_dated": "dated",
}
_COUNTS: Final = frozenset({"frames_max", "lines_max", "seconds_max", "runs_max"})
_THREE_DIGITS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_NO_MINOR: Final = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})

FIELD_OF: Final = {
    **{f"declared.{name}": name for name in DECLARED},
    **{f"compensation.{name}": name for name in _PAY},
    **{f"{group}.{name}".strip("."): key for key, (group, name) in _TERMS.items()},
    "script": "script_ref",
    "compensation.amount_minor": "amount",
    "compensation.currency": "currency",
    "scope.frames_max": "frames_max",
    "scope.lines_max": "lines_max",
    "scope.shots": "shots",
    "scope.sequences": "sequences",
    "exploitation.channels": "channels",
    "exploitation.distribution_territory": "distribution_territory",
    "window.days": "days",
    "window.not_before": "not_before",
    "window.production_end_event": "production_end_event",
    "window": "days",
}  # fmt: skip
"""The form's field for a path of the terms."""


def field_of(path: str) -> str | None:
    """Where an error or a demand about ``path`` is shown: ``script[0].sha256``, ``content.NUDITY``; None: above all."""
    plain = path.partition("[")[0]
    head, _, member = plain.partition(".")
    if head == "content":
        return f"content_{member}"
    if head == "script":
        return "script_ref" if "[" not in path else f"script_{path.rpartition('.')[2]}"
    return FIELD_OF.get(plain) or (plain if plain in _TOP else None)


def body_of(form: ComposeForm, before: Mapping[str, Any]) -> dict[str, Any]:
    """The body after this form: every field as read, or as typed where it cannot be read."""
    form.is_valid()
    said = {
        name: _plain(form.cleaned_data[name]) if name in form.cleaned_data else _typed(form, name)
        for name in form.fields
    }
    body = dict(before)
    for name in _TOP:
        body[name] = (said[name] or 0) if name in _COUNTS else said[name]
    body["window"] = {
        "days": said["days"],
        "not_before": _moment(said["not_before"]),
        "production_end_event": said["production_end_event"] or None,
    }
    body["compensation"] = pay_of(form, said, before)
    body["declared"] = filled({**_dict(before, "declared"), **{name: said[name] for name in DECLARED}})
    body["declared"].pop("recognisable", None)
    if said["recognisable"] is False:  # true is what leaving it out means
        body["declared"]["recognisable"] = False
    body["script"] = _script(said, before)
    body["content"] = {
        name.removeprefix("content_"): int(value) if str(value).isdigit() else value
        for name, value in said.items()
        if name.startswith("content_") and value != ""
    }
    body["ratings"] = {
        name.removeprefix("rating_"): value
        for name, value in said.items()
        if name.startswith("rating_") and value
    }
    body["terms"] = _terms(said, before)
    return body


def initial_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The form's first values from a body; what is of another shape is left out."""
    found: dict[str, Any] = {name: body[name] for name in _TOP if name in body}
    found |= {name: _joined(found[name]) for name in ("shots", "sequences", "vendors") if name in found}
    for name in ("render_territory", "distribution_territory"):
        found[name] = _joined(found.get(name, ""), ", ")
    window, pay, terms = _dict(body, "window"), _dict(body, "compensation"), _dict(body, "terms")
    found |= {"days": window.get("days", 90), "not_before": _day(window.get("not_before"))}
    found["production_end_event"] = window.get("production_end_event") or ""
    found |= {name: pay[name] for name in _PAY if name in pay}
    found |= {"currency": pay.get("currency", "USD"), "amount": _amount_words(pay)}
    found |= {
        "recognisable": True,
        **{name: value for name, value in _dict(body, "declared").items() if name in DECLARED},
    }
    for key, (group, name) in _TERMS.items():
        held = _dict(terms, group) if group else terms
        if name in held:
            found[key] = _joined(held[name])
    scripts = body.get("script") or []
    first = scripts[0] if isinstance(scripts, list) and scripts and isinstance(scripts[0], dict) else {}
    found |= {key: first[name] for key, name in _SCRIPT.items() if name in first}
    found["script_dated"] = _day(first.get("dated"))
    found |= {f"content_{code}": str(rule) for code, rule in _dict(body, "content").items()}
    found |= {f"rating_{system}": grade for system, grade in _dict(body, "ratings").items()}
    return found


def ask_of(body: Mapping[str, Any]) -> LicenceAsk:
    """The ask that a body says, as far as its shape goes; the service reads the rest strictly.

    Raises:
        InvalidInput: ``DRAFT_INVALID``: a part is not of the shape that a submission has.
    """
    window = _dict(body, "window")
    try:
        return LicenceAsk(
            production_id=UUID(str(body["project"])),
            talent=str(body["talent"]),
            use_types=tuple(body.get("use_types") or ()),
            constructs=tuple(body.get("constructs") or ()),
            replica_class=str(body.get("replica_class") or ""),
            description=str(body.get("description") or ""),
            days=int(window.get("days") or 0),
            not_before=parse_time(window["not_before"]) if window.get("not_before") else None,
            production_end_event=str(window.get("production_end_event") or "") or None,
            frames_max=int(body.get("frames_max") or 0),
            lines_max=int(body.get("lines_max") or 0),
            shots=tuple(body.get("shots") or ()),
            sequences=tuple(body.get("sequences") or ()),
            render_territory=tuple(body.get("render_territory") or ()),
            distribution_territory=tuple(body.get("distribution_territory") or ()),
            channels=tuple(body.get("channels") or ()),
            vendors=tuple(body.get("vendors") or ()),
            compensation=_dict(body, "compensation"),
            content=_dict(body, "content"),
            ratings=_dict(body, "ratings"),
            anchors=tuple(body.get("anchors") or ()),
            script=tuple(body.get("script") or ()),
            renews=UUID(str(body["renews"])) if body.get("renews") else None,
            declared=_dict(body, "declared"),
            profiles=tuple(body.get("profiles") or ()),
            terms=_dict(body, "terms"),
        )
    except (KeyError, ValueError, TypeError, TrustError) as error:
        raise InvalidInput("DRAFT_INVALID", "A part of this draft cannot be read.") from error


def _plain(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _typed(form: ComposeForm, name: str) -> Any:
    """What was typed into a field that cannot be read; at most a few lines of it."""
    raw = form[name].data
    return [str(one)[:200] for one in raw[:200]] if isinstance(raw, list) else str(raw or "")[:8000]


def _dict(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    held = holder.get(name)
    return dict(held) if isinstance(held, dict) else {}


def filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was said at all."""
    return {name: value for name, value in values.items() if value not in ("", None, [], False)}


def pay_of(form: ComposeForm, said: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What is offered, as the terms write it; an amount that is no number stays as it was typed."""
    pay = filled({**_dict(before, "compensation"), **{name: said.get(name) for name in _PAY}})
    currency = str(said["currency"] or "USD").upper()
    pay["currency"] = currency
    pay.pop("amount_minor", None)
    amount = form.cleaned_data.get("amount")
    if isinstance(amount, Decimal):
        minor = amount.scaleb(_digits(currency))
        pay["amount_minor"] = int(minor) if minor == int(minor) else said["amount"]
    elif said["amount"]:
        pay["amount_minor"] = said["amount"]
    return pay


def _digits(currency: str) -> int:
    return 0 if currency in _NO_MINOR else 3 if currency in _THREE_DIGITS else 2


def _amount_words(pay: Mapping[str, Any]) -> str:
    minor = pay.get("amount_minor", "")
    if not isinstance(minor, int) or isinstance(minor, bool):
        return str(minor)
    digits = _digits(str(pay.get("currency", "USD")))
    return f"{Decimal(minor).scaleb(-digits):,.{digits}f}"


def _script(said: Mapping[str, Any], before: Mapping[str, Any]) -> list[Any]:
    held = before.get("script")
    others = held[1:] if isinstance(held, list) else []
    first = filled({name: said[key] for key, name in _SCRIPT.items()})
    if dated := first.get("dated"):
        first["dated"] = _moment(dated)
    if "sha256" in first:
        first["sha256"] = str(first["sha256"]).lower().removeprefix("sha256:")
    return [first, *others] if first else list(others)


def _terms(said: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    terms = _dict(before, "terms")
    for key, (group, name) in _TERMS.items():
        value = said[key]
        holder = _dict(terms, group) if group else terms
        if value in ("", None, [], 0):
            holder.pop(name, None)
        else:
            holder[name] = value
        if group and holder:
            terms[group] = holder
        elif group:
            terms.pop(group, None)
    return terms


def _moment(day: Any) -> Any:
    """Midnight UTC of a day, as the terms write it; what is no day stays as it is."""
    try:
        at = datetime.combine(date.fromisoformat(str(day)), time(), tzinfo=UTC)
    except ValueError:
        return day or None
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _day(text: Any) -> Any:
    try:
        return parse_time(str(text)).date() if text else None
    except (ValueError, TrustError):
        return text


def _joined(value: Any, between: str = "\n") -> Any:
    return between.join(str(one) for one in value) if isinstance(value, list) else value
