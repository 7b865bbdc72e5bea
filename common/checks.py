"""System checks of the foundation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

_BACKENDS = "It is one of database, pkcs11, kms."


@register
def check_secret(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``common.E001``: the deployment's secret must hold at least 32 bytes."""
    if len(settings.TRUSTMARK_SECRET.encode()) < 32:
        return [
            Error(
                "TRUSTMARK_SECRET is shorter than 32 bytes.",
                hint="Generate one: python3 -c 'import secrets; print(secrets.token_hex(32))'",
                id="common.E001",
            )
        ]
    return []


@register
def check_key_backends(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``common.E002``: a key backend is unknown or lacks its settings; ``common.W002``: KMS and long documents."""
    chosen = {purpose: name for purpose, name in settings.KEY_BACKENDS.items() if name != "database"}
    found: list[CheckMessage] = [
        Error(f"TRUSTMARK_KEY_BACKEND for {purpose} is {name!r}.", hint=_BACKENDS, id="common.E002")
        for purpose, name in chosen.items()
        if name not in {"pkcs11", "kms"}
    ]
    pkcs11 = (settings.PKCS11_MODULE, settings.PKCS11_TOKEN, settings.PKCS11_PIN)
    if "pkcs11" in chosen.values() and not all(pkcs11):
        hint = "Set TRUSTMARK_PKCS11_MODULE, TRUSTMARK_PKCS11_TOKEN and TRUSTMARK_PKCS11_PIN (or _PIN_FILE)."
        found.append(
            Error("Keys are to live in a PKCS#11 token, which is not named.", hint=hint, id="common.E002")
        )
    if long := sorted({"TOKEN", "BUNDLE", "STATUS"} & {p for p, name in chosen.items() if name == "kms"}):
        found.append(
            CheckWarning(
                f"AWS KMS signs at most 4,096 bytes; {', '.join(long)} may need more.",
                hint="Licences for the whole world and bundles of many files are longer: KEY_MESSAGE_TOO_LONG.",
                id="common.W002",
            )
        )
    return found


@register
def check_timestamps(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``common.E003``: a timestamp authority without readable roots: none of its stamps would ever hold."""
    if not settings.TIMESTAMP_URL:
        return []
    try:
        x509.load_pem_x509_certificates(Path(settings.TIMESTAMP_ROOTS or "").read_bytes())
    except (OSError, ValueError):
        hint = "TRUSTMARK_TIMESTAMP_ROOTS names a file with the authority's root certificates as PEM."
        return [Error("TRUSTMARK_TIMESTAMP_URL is set without roots.", hint=hint, id="common.E003")]
    if not settings.TIMESTAMP_URL.startswith(("https://", "http://")):
        return [Error("TRUSTMARK_TIMESTAMP_URL is no http or https address.", id="common.E003")]
    return []


@register(deploy=True)
def check_clock(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``common.W001``: a test clock moves every rule about time; no deployment may run on one."""
    if settings.TEST_CLOCK_FILE:
        return [
            CheckWarning(
                "TRUSTMARK_TEST_CLOCK_FILE is set: time may be moved by hand.",
                hint="Unset it outside demonstrations and tests.",
                id="common.W001",
            )
        ]
    return []
