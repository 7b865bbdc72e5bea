"""A real OpenID Connect provider for tests: django-oauth-toolkit as a process of its own.

    python -m tests.oidc_provider FOLDER REDIRECT_URI

It prints its address when it answers. Client ``portal``, secret ``portal-secret``. ``/as/<name>/?email=…&verified=…`` signs
a person of that name in, as their identity service has them on record; consent is not asked for.
"""

import sys
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "portal", "portal-secret"


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def configure(folder: Path, base: str) -> None:
    """Settings of the provider alone."""
    from django.conf import settings

    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    settings.configure(
        SECRET_KEY="of-tests",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "op.sqlite3")}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        USE_TZ=True,
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": key.decode(),
            "OIDC_ISS_ENDPOINT": f"{base}/o",
            "PKCE_REQUIRED": True,
            "SCOPES": {"openid": "", "profile": "", "email": ""},
            "OAUTH2_VALIDATOR_CLASS": f"{__name__}.validator",
        },
    )


def validator(*args: Any, **kwargs: Any) -> Any:
    """A validator that tells the address and whether it is verified."""
    from oauth2_provider.oauth2_validators import OAuth2Validator

    class Claims(OAuth2Validator):
        oidc_claim_scope = None

        def get_additional_claims(self, request: Any) -> dict[str, Any]:
            return {"email": request.user.email, "email_verified": request.user.last_name == "yes"}

    return Claims(*args, **kwargs)


def sign_in_as(request: Any, name: str) -> Any:
    """Sign somebody in, as if they had given their password."""
    from django.contrib.auth import get_user_model, login
    from django.http import HttpResponse

    told = {"email": request.GET["email"], "last_name": request.GET.get("verified", "yes")}
    user, _ = get_user_model().objects.update_or_create(username=name, defaults=told)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse("ok")


urlpatterns: list[Any] = []


def main() -> None:
    """Serve until killed."""
    folder, redirect_uri = Path(sys.argv[1]), sys.argv[2]
    server = make_server("127.0.0.1", 0, lambda *_: [], handler_class=_Quiet)
    base = f"http://127.0.0.1:{server.server_port}"
    configure(folder, base)
    import django

    django.setup()
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.urls import include, path
    from oauth2_provider.models import Application

    urlpatterns.extend(
        [
            path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
            path("as/<str:name>/", sign_in_as),
        ]
    )
    call_command("migrate", verbosity=0)
    Application.objects.create(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_type="confidential",
        authorization_grant_type="authorization-code",
        redirect_uris=redirect_uri,
        algorithm="RS256",
        skip_authorization=True,
    )
    server.set_app(get_wsgi_application())
    print(base, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
