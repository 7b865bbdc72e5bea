"""Reads ``DATABASE_URL`` and ``STORAGE_URL`` into what Django expects."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from trustmark.env import EnvironmentInvalid


def database_from_url(url: str) -> dict[str, Any]:
    """Django's ``DATABASES`` entry for ``postgresql://user:password@host:port/name?sslmode=...``.

    A unix socket is given as ``?host=/path/to/folder``.

    Raises:
        EnvironmentInvalid: another scheme than PostgreSQL's, or no database name.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise EnvironmentInvalid(f"DATABASE_URL: only PostgreSQL is supported, not {parts.scheme!r}")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", parts.hostname or "")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise EnvironmentInvalid("DATABASE_URL: the database's name is missing")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def storages_from_url(url: str) -> dict[str, dict[str, Any]]:
    """Django's ``STORAGES`` for private blobs and public log files.

    ``file:///folder`` keeps them below that folder; ``s3://bucket/prefix?endpoint_url=...&region_name=...``
    in a bucket, with credentials from the usual AWS variables.

    Raises:
        EnvironmentInvalid: an unknown scheme.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        root = unquote(parts.path).rstrip("/")
        backend = "common.folders.FolderStorage"
        return {
            alias: {
                "BACKEND": backend,
                "OPTIONS": {"location": f"{root}/{alias}", "allow_overwrite": True, "base_url": None},
            }
            for alias in ("blobs", "log")
        }
    if parts.scheme == "s3":
        prefix = parts.path.strip("/")
        options = dict(parse_qsl(parts.query))
        return {
            alias: {
                "BACKEND": "storages.backends.s3.S3Storage",
                "OPTIONS": {
                    "bucket_name": parts.netloc,
                    "location": f"{prefix}/{alias}".lstrip("/"),
                    "file_overwrite": True,
                    "default_acl": None,
                    **options,
                },
            }
            for alias in ("blobs", "log")
        }
    raise EnvironmentInvalid(f"STORAGE_URL: expected file:///folder or s3://bucket/prefix, not {url!r}")
