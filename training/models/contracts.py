"""Data contracts as they were registered, and which class of sources stands under which, from when until when."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common.models import BaseModel
from training.vocabulary import ContractState


class DataContract(BaseModel):
    """One version of a contract: its text as it was written, and the text's hash. Only its state moves (trigger)."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    # the id and version that the text itself states
    contract_id = models.CharField(max_length=120)
    version = models.CharField(max_length=40)
    name = models.CharField(max_length=200, blank=True, default="")
    text = models.TextField()
    hash = models.CharField(max_length=71)
    state = models.CharField(max_length=7, choices=ContractState, default=ContractState.DRAFT)
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    activated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    activated_at = models.DateTimeField(null=True)
    retired_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    retired_at = models.DateTimeField(null=True)
    retire_reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "contract_id", "version"], name="data_contract_version_once"
            ),
            models.UniqueConstraint(
                fields=["organisation", "contract_id"], condition=Q(state=ContractState.ACTIVE),
                name="data_contract_one_in_force",
            ),
            models.CheckConstraint(
                condition=~Q(state=ContractState.ACTIVE) | Q(activated_by__isnull=False, activated_at__isnull=False),
                name="data_contract_is_put_into_force_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(activated_by=None) | ~Q(activated_by=F("registered_by")),
                name="data_contract_takes_two_people",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["organisation", "-created_at"], name="data_contract_by_age")]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.version}"


class ContractBinding(BaseModel):
    """A class of sources stands under a version of a contract; ``until`` is set once, when another one takes over."""

    contract = models.ForeignKey(DataContract, models.PROTECT, related_name="bindings")
    source_class = models.ForeignKey("training.SourceClass", models.PROTECT, related_name="bindings")
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_class"], condition=Q(until=None), name="source_class_under_one_contract"
            ),
        ]
        indexes = [models.Index(fields=["source_class", "-created_at"], name="contract_binding_newest")]

    def __str__(self) -> str:
        return f"{self.source_class_id} under {self.contract_id}"
