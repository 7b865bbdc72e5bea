"""From what a studio asks to train to terms: one strict value type, and what those terms would say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.principals import Principal
from common import clock
from common.errors import Forbidden, InvalidInput, NotFound
from licensing.models import Production, Talent
from licensing.selectors.people import visible_constructs
from licensing.services.asks import DAYS_MOST, DESCRIPTION_LEAST, LicenceAsk, require_payee, terms_of_ask
from licensing.services.profiles import binding_profiles, judge_terms
from licensing.services.routing import represented_by
from trustcore.policy.strictest import Judgement
from trustcore.policy.terms import Terms
from trustcore.policy.vocabulary import TRAINING_USE_TYPES


@dataclass(frozen=True, slots=True)
class TrainingAsk:
    """What a studio asks to train; see the request body of ``POST /api/v1/training-requests``.

    Attributes:
        talent: handle.
        runs_max: how many runs, grants or accesses.
        days: length of the window, which opens when the talent agrees or notice is over.
        retention: what becomes of the model and the material at the end, as in the terms.
    """

    production_id: UUID
    talent: str
    use_types: tuple[str, ...]
    constructs: tuple[str, ...]
    replica_class: str
    description: str
    days: int
    runs_max: int
    render_territory: tuple[str, ...]
    distribution_territory: tuple[str, ...]
    channels: tuple[str, ...]
    models: tuple[str, ...] = ()
    compensation: Mapping[str, Any] = field(default_factory=dict)
    declared: Mapping[str, Any] = field(default_factory=dict)
    retention: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainingPreview:
    """What a training ask would say if it were sent now, and what the profiles that bind it say of that."""

    terms: Terms
    judged: Judgement


def preview_training(*, principal: Principal, ask: TrainingAsk) -> TrainingPreview:
    """Write the terms of a training ask without asking; nothing is kept and nobody is told.

    Raises:
        NotFound: no such production, or nobody whom the caller may know of: the two read the same.
        Forbidden, InvalidInput: as :func:`~licensing.services.training.submit_training_request`.
    """
    check_training_ask(ask)
    production = own_production(principal, ask)
    talent = talent_asked(principal, ask)
    at = clock.now()
    terms = terms_of_training(ask, production, talent, at)
    return TrainingPreview(terms, judge_terms(terms, talent, at))


def check_training_ask(ask: TrainingAsk) -> None:
    """Refuse what no lookup is needed to refuse, so that the refusal says nothing about the talent.

    Raises:
        InvalidInput: ``TRAINING_ONLY``, ``DESCRIPTION_TOO_VAGUE``, ``WINDOW_INVALID`` or ``RUNS_MISSING``.
    """
    uses = set(ask.use_types)
    if not uses or not uses <= {str(use) for use in TRAINING_USE_TYPES}:
        raise InvalidInput(
            "TRAINING_ONLY", "A training request asks for training alone.", "Ask for renders separately."
        )
    if len(ask.description.strip()) < DESCRIPTION_LEAST:
        raise InvalidInput("DESCRIPTION_TOO_VAGUE", "Describe the training reasonably specifically.")
    if not 1 <= ask.days <= DAYS_MOST:
        raise InvalidInput(
            "WINDOW_INVALID",
            _("A licence lasts between 1 and %(days_most)s days.") % {"days_most": DAYS_MOST},
        )
    if ask.runs_max < 1:
        raise InvalidInput("RUNS_MISSING", "Say how many runs are asked for.")


def own_production(principal: Principal, ask: TrainingAsk) -> Production:
    """The production that the ask is for, of the caller's own studio.

    Raises:
        Forbidden: ``PRODUCER_ONLY``. NotFound: not the caller's.
    """
    if not principal.acts_as("PRODUCER", "ADMIN"):
        raise Forbidden("PRODUCER_ONLY", "Only a producer of the studio asks for licences.")
    production = Production.objects.filter(pk=ask.production_id, organisation=principal.organisation).first()
    if production is None:
        raise NotFound
    return production


def talent_asked(principal: Principal, ask: TrainingAsk) -> Talent:
    """Whom the ask is about; who is hidden, in whole or in a part that is asked for, is not there.

    Raises:
        NotFound.
    """
    seen = visible_constructs(ask.talent, principal.organisation_id)
    if seen is None or not set(ask.constructs) <= set(seen.constructs):
        raise NotFound
    return Talent.objects.select_related("organisation").get(pk=seen.talent_id)


def terms_of_training(ask: TrainingAsk, production: Production, talent: Talent, at: datetime) -> Terms:
    """Write the ask as terms, with every profile that binds it.

    Raises:
        InvalidInput: ``TERMS_INVALID`` or ``PAYEE_TALENT_ONLY``.
    """
    mandate = represented_by(talent, at)
    profiles = binding_profiles(production, talent, mandate.agency_id if mandate else None)
    terms = terms_of_ask(
        LicenceAsk(
            production_id=ask.production_id,
            talent=ask.talent,
            use_types=ask.use_types,
            constructs=ask.constructs,
            replica_class=ask.replica_class,
            description=ask.description,
            days=ask.days,
            frames_max=0,
            lines_max=0,
            render_territory=ask.render_territory,
            distribution_territory=ask.distribution_territory,
            channels=ask.channels,
            compensation=ask.compensation,
            declared=ask.declared,
            profiles=profiles,
            terms={
                "scope": {"runs_max": ask.runs_max},
                "tools": {"models_allowed": list(ask.models)},
                "retention": dict(ask.retention),
            },
        ),
        production=production,
        talent=talent,
        mandate=mandate,
        version=1,
        supersedes=None,
        trains=True,
    )
    require_payee(terms, talent)
    return terms
