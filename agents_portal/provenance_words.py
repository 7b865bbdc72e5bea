"""Words for the graph: kinds of assets, ways in which one came from another, what a record lacks."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from agents_portal.words import Badge, and_list, figure, later
from provenance.graph.gaps import Gap
from provenance.graph.models import DecisionOutcome, DecisionStage, GraphKind, InputRole, RelationKind
from provenance.source_type import vocabulary

ICON_OF: Final = {
    "CAPTURE": "video", "SCAN": "scan-face", "MODEL": "box", "IMAGE": "image", "VIDEO": "film", "AUDIO": "mic",
    "FRAME_RANGE": "film", "SHOT": "image", "SEQUENCE": "layers", "STEM": "mic", "SCRIPT": "file-text",
    "MASK": "image", "SCENE": "layers", "TIMELINE": "layers", "DOCUMENT": "file-text", "DELIVERABLE": "package",
}  # fmt: skip
_COUNTED: Final = {
    "CAPTURE": ngettext_lazy("%(n)s camera original", "%(n)s camera originals", "n"),
    "SCAN": ngettext_lazy("%(n)s scan", "%(n)s scans", "n"),
    "MODEL": ngettext_lazy("%(n)s model", "%(n)s models", "n"),
    "IMAGE": ngettext_lazy("%(n)s picture", "%(n)s pictures", "n"),
    "VIDEO": ngettext_lazy("%(n)s film", "%(n)s films", "n"),
    "AUDIO": ngettext_lazy("%(n)s sound", "%(n)s sounds", "n"),
    "FRAME_RANGE": ngettext_lazy("%(n)s stretch of frames", "%(n)s stretches of frames", "n"),
    "SHOT": ngettext_lazy("%(n)s shot", "%(n)s shots", "n"),
    "SEQUENCE": ngettext_lazy("%(n)s sequence", "%(n)s sequences", "n"),
    "STEM": ngettext_lazy("%(n)s stem", "%(n)s stems", "n"),
    "SCRIPT": ngettext_lazy("%(n)s script", "%(n)s scripts", "n"),
    "MASK": ngettext_lazy("%(n)s mask", "%(n)s masks", "n"),
    "SCENE": ngettext_lazy("%(n)s scene file", "%(n)s scene files", "n"),
    "TIMELINE": ngettext_lazy("%(n)s timeline", "%(n)s timelines", "n"),
    "DOCUMENT": ngettext_lazy("%(n)s document", "%(n)s documents", "n"),
    "DELIVERABLE": ngettext_lazy("%(n)s delivered file", "%(n)s delivered files", "n"),
}
GAPS: Final = {
    Gap.BLACK_BOX: later("A model had a part in it, and nobody recorded which, from what or how."),
    Gap.MODEL_NOT_IDENTIFIED: later("The model is named, but neither its version nor its hash."),
    Gap.PROMPT_OR_INPUTS_MISSING: later("Neither a prompt nor an input was recorded."),
    Gap.SEED_MISSING: later("The seed was not recorded."),
    Gap.SETTINGS_MISSING: later("No settings of the model were recorded."),
    Gap.TOOL_WITHOUT_RECORD: later("A tool was used that keeps no record."),
}
_OUTCOMES: Final = {
    "APPROVED": Badge("circle-check", later("Approved"), "permit"),
    "CHANGES_REQUESTED": Badge("reply", later("Changes requested"), "expire"),
    "REJECTED": Badge("ban", later("Rejected"), "deny"),
    "CHOSEN": Badge("circle-dot", later("Chosen among takes"), "yours"),
}
_CLASS_OF: Final = {
    "trainedAlgorithmicMedia": later("AI-generated"),
    "compositeWithTrainedAlgorithmicMedia": later("Composited with AI"),
    "compositeSynthetic": later("Composited with AI"),
}


def kind_words(kind: str) -> str:
    """The kind of an asset."""
    return str(GraphKind(kind).label)


def way_words(kind: str) -> str:
    """In which way something came from something: ``composited from``."""
    return str(RelationKind(kind).label)


def role_words(role: str) -> str:
    """As what a model was given it."""
    return str(InputRole(role).label) if role in InputRole.values else ""


def counted_kinds(kinds: Iterable[str]) -> str:
    """``1 scan and 2 camera originals``."""
    numbers = Counter(kinds)
    words = [str(_COUNTED[kind] % {"n": numbers[kind]}) for kind in ICON_OF if numbers[kind]]
    return and_list(words)


def class_words(code: str) -> str:
    """A source type in the three classes that people know, with IPTC's own name."""
    plain = str(_CLASS_OF.get(code, later("Without generative AI")))
    return _("%(plain)s: %(label)s") % {"plain": plain, "label": vocabulary()[code].label}


def outcome_badge(outcome: str) -> Badge:
    """A decision as a badge."""
    return _OUTCOMES[str(DecisionOutcome(outcome))]


def stage_words(stage: str) -> str:
    """What a decision was about."""
    return str(DecisionStage(stage).label)


def completeness_badge(gaps: int, *, is_cut: bool) -> Badge:
    """Whether everything behind a version is recorded."""
    if gaps:
        words = ngettext("%(n)s part unknown", "%(n)s parts unknown", gaps) % {"n": figure(gaps)}
        return Badge("circle-question-mark", words, "unsure")
    if is_cut:
        return Badge("circle-question-mark", _("Shown in part"), "unsure")
    return Badge("circle-check", _("Complete record"), "permit")


def answered_in(seconds: float) -> str:
    """How long an answer took: ``41 ms``."""
    if seconds >= 1:
        return _("Answered in %(seconds)s s") % {"seconds": number_format(round(seconds, 1), 1)}
    return _("Answered in %(n)s ms") % {"n": figure(max(1, round(seconds * 1000)))}


def seconds_words(seconds: float | None) -> str:
    """A measured time: ``41 ms``; a dash where nothing was measured."""
    if seconds is None:
        return "–"
    if seconds >= 1:
        return _("%(seconds)s s") % {"seconds": number_format(round(seconds, 1), 1)}
    return _("%(n)s ms") % {"n": figure(max(1, round(seconds * 1000)))}
