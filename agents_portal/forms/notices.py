"""How each topic is told: e-mail at once, in a digest or not at all; in the portal or not."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from notify.models.letters import Way
from notify.topics import ALWAYS, Ways, topics_to_choose


def topic_words(topic: str) -> str:
    """A topic as the choices page names it."""
    return {
        "ARRIVED": _("A request needs my answer"),
        "DEADLINE": _("An answer is due within a day"),
        "ANSWERED": _("A request was answered: counter, no, question, withdrawal"),
        "ISSUED": _("A licence was issued"),
        "EXPIRY": _("A licence nears its end, or ended"),
        "QUOTA": _("A quota runs out: 80 and 95 %"),
        "DUTY": _("An acknowledgement is late"),
        "TRAINING": _("Training is asked for, agreed or declined"),
        "OUTPUT": _("An output is held and does not go out"),
        "STOP": _("A licence was revoked, stopped or paused"),
        "SECURITY": _("Keys, webhooks and members change"),
        "DIGEST": _("The day’s digest"),
    }.get(topic, topic)


def way_choices() -> list[tuple[str, str]]:
    """The ways of e-mail."""
    return [
        (str(Way.EACH), _("At once")),
        (str(Way.DIGEST), _("Once a day, together")),
        (str(Way.OFF), _("No e-mail")),
    ]


class ChoicesForm(forms.Form):
    """For each topic ``way_TOPIC`` and ``portal_TOPIC``."""

    def __init__(self, data: QueryDict | None = None, *, now: Mapping[str, Ways]) -> None:
        """Two fields a topic; stops and security have none."""
        super().__init__(data)
        self.now = now
        for topic in self._open():
            self.fields[f"way_{topic}"] = forms.ChoiceField(
                label=_("E-mail: %(topic)s") % {"topic": topic_words(topic)},
                choices=way_choices(),
                initial=now[topic].way,
            )
            self.fields[f"portal_{topic}"] = forms.BooleanField(
                label=_("In the portal: %(topic)s") % {"topic": topic_words(topic)},
                required=False,
                initial=now[topic].in_portal,
            )

    def ways(self) -> dict[str, Ways]:
        """What was chosen; call it on a valid form."""
        cleaned = self.cleaned_data
        return {one: Ways(cleaned[f"way_{one}"], cleaned[f"portal_{one}"]) for one in self._open()}

    def rows(self) -> list[dict[str, Any]]:
        """The table's rows."""
        rows: list[dict[str, Any]] = [
            {"words": topic_words(one), "way": self[f"way_{one}"], "portal": self[f"portal_{one}"]}
            for one in self._open()
        ]
        return [*rows, *({"words": topic_words(str(one)), "always": True} for one in sorted(ALWAYS))]

    def _open(self) -> list[str]:
        return [str(topic) for topic in topics_to_choose() if topic not in ALWAYS]
