"""How the API describes a signed statement: a DSSE envelope.

Source: secure-systems-lab/dsse, ``envelope.md``.
"""

from rest_framework import serializers

from training.api.base import Strict

ENVELOPE = "application/vnd.dsse.envelope.v1+json"


class EnvelopeSignature(Strict):
    """One signature, and the id of the key that made it; base64."""

    keyid = serializers.CharField()
    sig = serializers.CharField()


class Envelope(Strict):
    """What is signed, base64, and by whom; ``payloadType`` says what it is."""

    payload = serializers.CharField()
    payloadType = serializers.CharField()  # noqa: N815 - DSSE calls it so
    signatures = EnvelopeSignature(many=True)
