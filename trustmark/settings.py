"""Settings of the deployment. Every line says the unit, the default and what follows from a change.

The embedded default (``make run``) sets the environment itself; see docs/operations/configuration.md.
"""

import os
from datetime import timedelta
from pathlib import Path

from csp.constants import NONCE, NONE, SELF  # noqa: F401  (NONCE is offered to deployments that override)

from trustmark import env
from trustmark.databases import database_from_url, storages_from_url
from trustmark.mail import smtp_from_url

BASE_DIR = Path(__file__).resolve().parent.parent
# Where the embedded default keeps its data; unused when the three URLs below are given.
VAR_DIR = Path(env.text("TRUSTMARK_VAR", str(BASE_DIR / "var")))

# -- Secrets ------------------------------------------------------------------------------------------
# 32 bytes or more. Signing keys, mark keys and Django's own secret are derived from it or sealed by it:
# losing it loses the private keys, leaking it is a key compromise (SECURITY.md).
TRUSTMARK_SECRET = env.text("TRUSTMARK_SECRET")
SECRET_KEY = f"django:{TRUSTMARK_SECRET}"
# Where new signing keys are made: `database` (sealed under the secret), `pkcs11` or `kms`; for one purpose alone
# TRUSTMARK_KEY_BACKEND_TOKEN and so on. Keys that exist stay where they are until rotated (docs/operations/keys.md).
KEY_BACKEND = env.text("TRUSTMARK_KEY_BACKEND", "database")
KEY_BACKENDS = {
    purpose: env.text(f"TRUSTMARK_KEY_BACKEND_{purpose}", KEY_BACKEND)
    for purpose in ("TOKEN", "LOG", "BUNDLE", "DECISION", "STATUS", "CREDENTIALS")
}
# PKCS#11: path of the token's library, the token's label, its user PIN.
PKCS11_MODULE = env.text("TRUSTMARK_PKCS11_MODULE", "")
PKCS11_TOKEN = env.text("TRUSTMARK_PKCS11_TOKEN", "")
PKCS11_PIN = env.text("TRUSTMARK_PKCS11_PIN", "")
# AWS KMS: region, and an address other than the region's own. Empty: as boto3's own configuration says.
KMS_REGION = env.text("TRUSTMARK_KMS_REGION", "")
KMS_ENDPOINT = env.text("TRUSTMARK_KMS_ENDPOINT", "")
# Seconds a process may sign with the key it read before it looks again: the bound of a rotation made elsewhere.
SIGNER_CACHE_SECONDS = env.integer("TRUSTMARK_SIGNER_CACHE_SECONDS", 1, most=60)

# A timestamp authority (RFC 3161): its address, and the file of root certificates (PEM) its stamps verify under.
# Empty: nothing is stamped. With one, an output waits for its stamp (docs/design/timestamps.md).
TIMESTAMP_URL = env.text("TRUSTMARK_TIMESTAMP_URL", "")
TIMESTAMP_ROOTS = env.text("TRUSTMARK_TIMESTAMP_ROOTS", "")

# -- Where it is reached --------------------------------------------------------------------------------
# The public origin: issuer of tokens, base of log origins and DPoP's `htu`. No trailing slash.
BASE_URL = env.text("TRUSTMARK_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
# First part of every log's origin; never changes once a log exists.
LOG_HOST = env.text("TRUSTMARK_LOG_HOST", "trustmark.local")
DEBUG = env.flag("TRUSTMARK_DEBUG", default=False)
ALLOWED_HOSTS = env.words("TRUSTMARK_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
# Yes only behind a proxy that ends TLS, sets X-Forwarded-Proto and appends to X-Forwarded-For: whoever else does is believed.
TLS_PROXY = env.flag("TRUSTMARK_TLS_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TLS_PROXY else None
# Header in which that proxy hands on the client's certificate (RFC 9440 `Client-Cert`, or nginx's escaped PEM).
# Empty: no header is believed, and tokens bound to certificates are refused. Without TLS_PROXY it does nothing.
CLIENT_CERT_HEADER = env.text("TRUSTMARK_CLIENT_CERT_HEADER", "")
# What a collector elsewhere presents to read /metrics; empty: this machine alone reads them.
METRICS_TOKEN = env.text("TRUSTMARK_METRICS_TOKEN", "")
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL.startswith("https://") else []

# -- The three parts that a deployment may replace --------------------------------------------------------
DATABASES = {"default": database_from_url(env.text("DATABASE_URL", "postgresql:///trustmark"))}
BROKER_URL = env.text("BROKER_URL", "redis://127.0.0.1:6379/0")
STORAGE_URL = env.text("STORAGE_URL", f"file://{VAR_DIR / 'storage'}")

# -- Limits and rhythms ---------------------------------------------------------------------------------
# Seconds between heartbeats asked of token holders and lease holders.
TOKEN_HEARTBEAT_SECONDS = env.integer("TRUSTMARK_TOKEN_HEARTBEAT_SECONDS", 300, least=1)
LEASE_HEARTBEAT_SECONDS = env.integer("TRUSTMARK_LEASE_HEARTBEAT_SECONDS", 30, least=1)
# Life of a presented token (seconds); the licence behind it lives for its window.
TOKEN_LIFE_SECONDS = env.integer("TRUSTMARK_TOKEN_LIFE_SECONDS", 3600, least=60)
# Life of a lease without a heartbeat (seconds), and how long a farm may go on without the server.
LEASE_LIFE_SECONDS = env.integer("TRUSTMARK_LEASE_LIFE_SECONDS", 300, least=10)
OFFLINE_GRACE_SECONDS = env.integer("TRUSTMARK_OFFLINE_GRACE_SECONDS", 600)
OFFLINE_GRACE_FRAMES = env.integer("TRUSTMARK_OFFLINE_GRACE_FRAMES", 100)
# Seconds after a lease's life and grace for which receipts of frames rendered offline are still reconciled.
RECONCILE_SECONDS = env.integer("TRUSTMARK_RECONCILE_SECONDS", 7 * 86_400)
# Most frames one check may reserve.
LEASE_FRAMES_MAX = env.integer("TRUSTMARK_LEASE_FRAMES_MAX", 5000, least=1)
# Statements with decisions that one web process keeps on their way to the database at a time.
CHECK_LANES = env.integer("TRUSTMARK_CHECK_LANES", 1, least=1)
# Checks a second that one API key may ask of one web process (n processes: n times as many); twice as many at once.
# 0: no limit. Beyond it the answer is RATE_LIMITED, of which one a second is kept.
CHECKS_PER_SECOND = env.integer("TRUSTMARK_CHECKS_PER_SECOND", 2000)
# Refusals a minute, for each organisation and process, that it may leave in the log of a production it has no part in.
STRANGER_CHECKS_PER_MINUTE = env.integer("TRUSTMARK_STRANGER_CHECKS_PER_MINUTE", 6, least=1)
# Seconds after a lease ran out in silence at which its key is refused until it reports or gives the lease back.
# Default: as soon as receipts are due (900), and the offline grace.
RECEIPTS_OVERDUE_SECONDS = env.integer("TRUSTMARK_RECEIPTS_OVERDUE_SECONDS", 900 + OFFLINE_GRACE_SECONDS)
# Clock difference (seconds) between a client and us above which its word on time is refused.
CLOCK_SKEW_SECONDS = env.integer("TRUSTMARK_CLOCK_SKEW_SECONDS", 300, least=1)
# Whether heartbeats and ends of leases, and batches of receipts, need proof of possession too (DPoP or certificate)
# from API keys that are bound. No: it is verified where it is sent. Our client always sends it.
BOUND_REPORTS = env.flag("TRUSTMARK_BOUND_REPORTS", default=False)
# A request that nobody answers lapses after this many days.
REQUEST_ANSWER_DAYS = env.integer("TRUSTMARK_REQUEST_ANSWER_DAYS", 14, least=1)
# Seconds between scans for expiring licences, lapsed requests and log entries that wait.
BEAT_SECONDS = env.integer("TRUSTMARK_BEAT_SECONDS", 5, least=1)
# Bytes: an ordinary API body, one receipts batch as sent and as unpacked, one uploaded film.
API_BODY_BYTES_MAX = env.integer("TRUSTMARK_API_BODY_BYTES_MAX", 256 * 1024)
BATCH_BYTES_MAX = env.integer("TRUSTMARK_BATCH_BYTES_MAX", 32 * 1024 * 1024)
BATCH_ROWS_MAX = env.integer("TRUSTMARK_BATCH_ROWS_MAX", 50_000)
UPLOAD_BYTES_MAX = env.integer("TRUSTMARK_UPLOAD_BYTES_MAX", 20 * 1024**3)
# Largest file of evidence of an incident.
INCIDENT_EVIDENCE_BYTES_MAX = env.integer("TRUSTMARK_INCIDENT_EVIDENCE_BYTES_MAX", 2 * 1024**3, least=1)
# Largest script file (bytes), and most pages; longer ones are refused whole.
SCRIPT_BYTES_MAX = env.integer("TRUSTMARK_SCRIPT_BYTES_MAX", 32 * 1024**2, least=1)
SCRIPT_PAGES_MAX = env.integer("TRUSTMARK_SCRIPT_PAGES_MAX", 1000, least=1)
# Largest original or derivative for training.
TRAINING_FILE_BYTES_MAX = env.integer("TRUSTMARK_TRAINING_FILE_BYTES_MAX", 20 * 1024**3, least=1)
# Originals up to so many bytes are scanned while the caller waits; larger ones by a worker, isolated until then.
TRAINING_SCAN_INLINE_BYTES = env.integer("TRUSTMARK_TRAINING_SCAN_INLINE_BYTES", 64 * 1024**2, least=0)
# Memory (bytes) and seconds of the processor that the confined process may take which decodes a large original.
TRAINING_SCAN_MEMORY = env.integer("TRUSTMARK_TRAINING_SCAN_MEMORY", 4 * 1024**3, least=1024**3)
TRAINING_SCAN_SECONDS = env.integer("TRUSTMARK_TRAINING_SCAN_SECONDS", 3600, least=1)
# Largest file of captures that is registered in bulk.
TRAINING_IMPORT_BYTES_MAX = env.integer("TRUSTMARK_TRAINING_IMPORT_BYTES_MAX", 4 * 1024**3, least=1)
# Whole commit of the code that the workers run: transformations run here only under a job that names it. Empty: none do.
TRAINING_CODE_COMMIT = env.text("TRUSTMARK_TRAINING_CODE_COMMIT", "")
# Who collects OpenLineage events of the material for training (https://...); empty: nobody, and none are kept.
OPENLINEAGE_URL = env.text("TRUSTMARK_OPENLINEAGE_URL", "")
OPENLINEAGE_KEY = env.text("TRUSTMARK_OPENLINEAGE_KEY", "")
# Days for which a bucket with object lock retains what was stored (governance mode: a takedown still removes it).
# 0: the bucket's own rule holds.
TRAINING_LOCK_DAYS = env.integer("TRUSTMARK_TRAINING_LOCK_DAYS", 0)
# Days for which the archive of the audit log is retained (a bucket with object lock: compliance mode, nobody shortens it).
AUDIT_RETAIN_DAYS = env.integer("TRUSTMARK_AUDIT_RETAIN_DAYS", 2555, least=1)
# Milliseconds that this machine's clock may differ from the database's; beyond, nothing is archived.
AUDIT_CLOCK_MS_MAX = env.integer("TRUSTMARK_AUDIT_CLOCK_MS_MAX", 2000, least=1)
# Hours in which an isolated asset is due to be looked at, where its contract says nothing.
TRAINING_REVIEW_HOURS = env.integer("TRUSTMARK_TRAINING_REVIEW_HOURS", 72, least=1)
# Hours in which a takedown is due to be dealt with whole; what is automatic happens at once.
TAKEDOWN_HOURS = env.integer("TRUSTMARK_TAKEDOWN_HOURS", 96, least=1)
# Most nodes that a takedown drill may reach; a broader one blocks new classes of sources until a narrower one.
DRILL_REACH_MAX = env.integer("TRUSTMARK_DRILL_REACH_MAX", 100_000, least=1)
# Whether lineage is walked in the process where its index is current; no: by the database alone, slower.
LINEAGE_INDEX = env.flag("TRUSTMARK_LINEAGE_INDEX", default=True)
# Folder of the index's snapshots, on a disk of this machine; what is lost of it is written anew.
LINEAGE_FOLDER = env.text("TRUSTMARK_LINEAGE_FOLDER", str(VAR_DIR / "lineage"))
# rights reports about at most so many originals or rows are made while the caller waits, larger ones in the background
REPORT_INLINE_ROWS = env.integer("TRUSTMARK_REPORT_INLINE_ROWS", 10_000, least=0)
# days before its date on which a rights record is put in front of counsel
RIGHTS_REVIEW_DAYS_BEFORE = env.integer("TRUSTMARK_RIGHTS_REVIEW_DAYS_BEFORE", 14, least=0)
DATA_UPLOAD_MAX_MEMORY_SIZE = API_BODY_BYTES_MAX
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# -- Work on media --------------------------------------------------------------------------------------
# Where marks are worked out: ``cpu``, ``cuda``, or ``auto`` (``cuda`` where this machine shows a GPU). A worker of
# ``media.gpu`` whose torch finds no CUDA works on its processor and says so.
MEDIA_DEVICE = env.text("TRUSTMARK_MEDIA_DEVICE", "auto")
# Mark jobs in work at once: in the whole deployment, and of one organisation. Others wait, oldest first within each.
MEDIA_JOBS_MAX = env.integer("TRUSTMARK_MEDIA_JOBS_MAX", 8, least=1)
MEDIA_JOBS_EACH_MAX = env.integer("TRUSTMARK_MEDIA_JOBS_EACH_MAX", 2, least=1)
# Mark jobs that may wait: in the whole deployment, and of one organisation. Beyond it: 503 MEDIA_QUEUE_FULL.
MEDIA_QUEUE_MAX = env.integer("TRUSTMARK_MEDIA_QUEUE_MAX", 1000)
MEDIA_QUEUE_EACH_MAX = env.integer("TRUSTMARK_MEDIA_QUEUE_EACH_MAX", 100)
# Stretches decoded and marked at once on one machine, whatever its number of worker processes: on processors, on GPUs.
MEDIA_CPU_SLOTS = env.integer("TRUSTMARK_MEDIA_CPU_SLOTS", os.cpu_count() or 1, least=1)
MEDIA_GPU_SLOTS = env.integer("TRUSTMARK_MEDIA_GPU_SLOTS", 1, least=1)
# Stretches of one job under way at once, and their length in seconds.
MEDIA_LANES = env.integer("TRUSTMARK_MEDIA_LANES", 4, least=1)
MEDIA_STRETCH_SECONDS = env.integer("TRUSTMARK_MEDIA_STRETCH_SECONDS", 20, least=1)
# Working space (bytes) and memory (bytes) that media work leaves free; a job that would take them waits.
MEDIA_FREE_BYTES_MIN = env.integer("TRUSTMARK_MEDIA_FREE_BYTES_MIN", 2 * 1024**3)
MEDIA_FREE_MEMORY_MIN = env.integer("TRUSTMARK_MEDIA_FREE_MEMORY_MIN", 256 * 1024**2)
# Times a stretch is begun before its job is given up: a film that kills its worker does not kill all of them.
MEDIA_ATTEMPTS_MAX = env.integer("TRUSTMARK_MEDIA_ATTEMPTS_MAX", 5, least=1)
# Seconds of silence after which unfinished work is handed out again.
MEDIA_QUIET_SECONDS = env.integer("TRUSTMARK_MEDIA_QUIET_SECONDS", 60, least=1)
# Hours that a finished file which nobody else keeps stays ready.
MEDIA_RESULT_HOURS = env.integer("TRUSTMARK_MEDIA_RESULT_HOURS", 72, least=1)
# Bytes of features kept for detections that are asked again. 0: none is kept.
MEDIA_FEATURE_BYTES_MAX = env.integer("TRUSTMARK_MEDIA_FEATURE_BYTES_MAX", 512 * 1024**2)
# Detections that one worker reads together, their frames in one batch.
MEDIA_DETECT_BATCH = env.integer("TRUSTMARK_MEDIA_DETECT_BATCH", 4, least=1, most=64)

# -- Telling others ------------------------------------------------------------------------------------
# Where the event stream is served (``trustmark.asgi``), as its callers reach it; no trailing slash. Empty: no
# stream is offered by the web server itself, a proxy hands the path to the stream's process.
EVENTS_URL = env.text("TRUSTMARK_EVENTS_URL", "").rstrip("/")
# Seconds between a stream's signs of life; at each the caller's key or session is looked at again.
EVENTS_HEARTBEAT_SECONDS = env.integer("TRUSTMARK_EVENTS_HEARTBEAT_SECONDS", 15, least=1, most=60)
# Streams one process serves, and one organisation may hold in it; further callers hear 503.
EVENTS_STREAMS_MAX = env.integer("TRUSTMARK_EVENTS_STREAMS_MAX", 1000, least=1)
EVENTS_STREAMS_EACH_MAX = env.integer("TRUSTMARK_EVENTS_STREAMS_EACH_MAX", 50, least=1)
# Webhook attempts under way at once, in all workers together.
WEBHOOK_CONCURRENCY = env.integer("TRUSTMARK_WEBHOOK_CONCURRENCY", 16, least=1)
# Yes only in a closed network: webhooks may then go to private addresses, and to this machine by http.
WEBHOOK_ALLOW_PRIVATE = env.flag("TRUSTMARK_WEBHOOK_ALLOW_PRIVATE", default=False)
# PEM file of further certificate authorities that receivers' certificates may come from. Empty: the public ones.
WEBHOOK_CA_FILE = env.text("TRUSTMARK_WEBHOOK_CA_FILE", "")

# Where letters go: smtp://user:password@host:587?tls=starttls, smtps://host:465, smtp://host:25. Empty: no e-mail is
# sent, the portal alone tells. A password in it is best given by TRUSTMARK_SMTP_URL_FILE.
SMTP = smtp_from_url(env.text("TRUSTMARK_SMTP_URL", ""))
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if SMTP.host else 'dummy'}.EmailBackend"
EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = SMTP.host, SMTP.port, SMTP.user, SMTP.password
EMAIL_USE_TLS, EMAIL_USE_SSL = SMTP.starttls, SMTP.tls
# Seconds that one step of talking to the mail server may take.
EMAIL_TIMEOUT = env.integer("TRUSTMARK_SMTP_TIMEOUT_SECONDS", 20, least=1, most=120)
# Whom letters are from.
DEFAULT_FROM_EMAIL = env.text("TRUSTMARK_MAIL_FROM", f"Trustmark <no-reply@{LOG_HOST}>")
# Days that letters are kept: they hold names. The trail itself is kept for ever.
LETTER_DAYS = env.integer("TRUSTMARK_LETTER_DAYS", 180, least=1)

# -- Marks that strangers resolve --------------------------------------------------------------------------
# Domain under which our marks are named as C2PA soft-binding algorithms. Manifests carry the names: set it once.
SOFTBINDING_DOMAIN = env.text("TRUSTMARK_SOFTBINDING_DOMAIN", "trustmark-server.org")
# Requests a minute from one address to the resolution API, and how many of them may bring a file.
SOFTBINDING_QUERIES_PER_MINUTE = env.integer("TRUSTMARK_SOFTBINDING_QUERIES_PER_MINUTE", 60, least=1)
SOFTBINDING_UPLOADS_PER_MINUTE = env.integer("TRUSTMARK_SOFTBINDING_UPLOADS_PER_MINUTE", 6, least=1)
# Bytes of a stranger's file, files of strangers that may wait at once, seconds a request waits for its answer.
SOFTBINDING_BYTES_MAX = env.integer("TRUSTMARK_SOFTBINDING_BYTES_MAX", 256 * 1024**2, least=1)
SOFTBINDING_WAITING_MAX = env.integer("TRUSTMARK_SOFTBINDING_WAITING_MAX", 4)
# Threads of one web process that may be with strangers' files at once; the others serve everybody else.
SOFTBINDING_AT_ONCE_MAX = env.integer("TRUSTMARK_SOFTBINDING_AT_ONCE_MAX", 2, least=1)
SOFTBINDING_WAIT_SECONDS = env.integer("TRUSTMARK_SOFTBINDING_WAIT_SECONDS", 25, most=120)

# -- Verification of files ---------------------------------------------------------------------------------
# Layers that are switched on, by comma: provenance, watermark, detection.
VERIFICATION_LAYERS = env.words("TRUSTMARK_VERIFICATION_LAYERS", "provenance,watermark,detection")
# The decision policy: name@version, or a .json file.
VERIFICATION_POLICY = env.text("TRUSTMARK_VERIFICATION_POLICY", "default@2")
# A policy on trial: its decisions are written beside the others (shadow), and bind this share of files in per cent
# (canary). Empty: none is tried.
VERIFICATION_TRIAL_POLICY = env.text("TRUSTMARK_VERIFICATION_TRIAL_POLICY", "")
VERIFICATION_TRIAL_SHARE = env.integer("TRUSTMARK_VERIFICATION_TRIAL_SHARE", 0, least=0, most=100)
# Whom further audiences trust, beside this deployment's own authority (docs/verification.md); the audience is the
# kind of the organisation that asks. Empty: this deployment's own authority alone.
VERIFICATION_TRUST_POLICY = env.text("TRUSTMARK_VERIFICATION_TRUST_POLICY", "")
# Days that the ingestion copy of a file is kept; its report is kept for ever.
VERIFICATION_KEEP_DAYS = env.integer("TRUSTMARK_VERIFICATION_KEEP_DAYS", 30, least=1)
# Files in the queue above which those of low impact are sampled more thinly; reports say so.
VERIFICATION_BACKLOG = env.integer("TRUSTMARK_VERIFICATION_BACKLOG", 50)
# Whether a worker keeps a process that has loaded what stages need, and forks one for every file: 2 seconds of a
# processor less for each, some 350 MiB more for each process of the worker that verifies.
VERIFICATION_WARM = env.flag("TRUSTMARK_VERIFICATION_WARM", default=True)

# -- Checks by anybody -------------------------------------------------------------------------------------
# The page at /check/, which an operator switches on in the portal: files a minute from one address, bytes of a file,
# files that may wait at once, seconds that a stage may take, minutes after which an answer that nobody fetched goes.
PUBLIC_CHECKS_PER_MINUTE = env.integer("TRUSTMARK_PUBLIC_CHECKS_PER_MINUTE", 3, least=1)
PUBLIC_CHECK_BYTES_MAX = env.integer("TRUSTMARK_PUBLIC_CHECK_BYTES_MAX", 100 * 1024**2, least=1)
PUBLIC_CHECKS_WAITING_MAX = env.integer("TRUSTMARK_PUBLIC_CHECKS_WAITING_MAX", 6, least=1)
PUBLIC_CHECK_STAGE_SECONDS = env.integer("TRUSTMARK_PUBLIC_CHECK_STAGE_SECONDS", 60, least=1)
PUBLIC_CHECK_MINUTES = env.integer("TRUSTMARK_PUBLIC_CHECK_MINUTES", 15, least=1)

# -- The test clock -------------------------------------------------------------------------------------
# A file that holds an offset in seconds; demonstrations and tests move time with it. Empty: real time.
TEST_CLOCK_FILE = env.text("TRUSTMARK_TEST_CLOCK_FILE", "")

# -- The house ------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    # the machinery of trustmark.support alone: nothing registers itself
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "trustmark.statics.OurStaticFiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "common",
    "accounts",
    "audit",
    "notify",
    "licensing",
    "watermarking",
    "screenplays",
    "receipts",
    "training",
    "provenance",
    "verification",
    "compliance",
    "agents_portal",
    "trustmark",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "agents_portal.languages.ReadersLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "trustmark.bodies.BoundedBodies",
]
ROOT_URLCONF = "trustmark.urls"
WSGI_APPLICATION = "trustmark.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "agents_portal.context.portal",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
# A person's own choice comes first, then this browser's, then what the browser asks for.
LANGUAGES = [("en", "English"), ("es", "Español")]
LANGUAGE_COOKIE_NAME = "language"
LOCALE_PATHS = [BASE_DIR / "locale"]

# -- Sign-in ----------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "accounts.adapter.ClosedSignUpAdapter"
ACCOUNT_PREVENT_ENUMERATION = True
# Beside allauth's own: how often one network may begin to sign in by a passkey or elsewhere; each begins a session.
# A mailbox gets no more than five letters an hour that somebody else asks for.
ACCOUNT_RATE_LIMITS = {"begin": "120/m/ip", "reset_password": "20/m/ip,5/h/key"}
# A word by mail whenever a passkey, the codes or the password changed.
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Seconds for which a sign-in, or a proof given again, is fresh enough for acts that bind (docs/operations/sign-in.md).
STEP_UP_SECONDS = env.integer("TRUSTMARK_STEP_UP_SECONDS", 600, least=30)
# Seconds between the confirmation of a person's erasure and the erasure; until then it can be taken back. A month is
# what the law gives (GDPR 12(3)). 0: the next job carries it out (docs/operations/erasure.md).
ERASURE_COOLING_OFF_SECONDS = env.integer(
    "TRUSTMARK_ERASURE_COOLING_OFF_SECONDS", 7 * 86_400, most=28 * 86_400
)
# Hours that an invitation, or a link after a lost device, stays good.
INVITATION_HOURS = env.integer("TRUSTMARK_INVITATION_HOURS", 7 * 24, least=1)
# How long the link of a letter about a forgotten password stays good.
PASSWORD_RESET_TIMEOUT = env.integer("TRUSTMARK_PASSWORD_LINK_MINUTES", 60, least=5, most=1440) * 60
# How long the answer to a write with an Idempotency-Key is kept for whoever sends it again.
IDEMPOTENCY_HOURS = env.integer("TRUSTMARK_IDEMPOTENCY_HOURS", 7 * 24, least=24)
# Seconds for which a process repeats what it found when /readyz was asked last.
READY_SECONDS = env.integer("TRUSTMARK_READY_SECONDS", 1, most=60)
# Cosignatures handed in, or asked for, from one network: a witness that watches a hundred logs asks once a minute.
COSIGNATURES_PER_MINUTE = env.integer("TRUSTMARK_COSIGNATURES_PER_MINUTE", 300, least=1)
# Name servers that are asked whether a domain is an organisation's; none: the system's.
DNS_SERVERS = env.words("TRUSTMARK_DNS_SERVERS")
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
# Steps of 30 seconds by which the clock of an authenticator app may differ; each step is good once.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
# how fresh a proof must be is asked by accounts.presence, for the second factors' own pages too
MFA_REAUTHENTICATION_REQUIRED = False
MFA_FORMS = {
    "authenticate": "accounts.forms.SecondFactorByCode",
    "authenticate_webauthn": "accounts.forms.SecondFactorByPasskey",
    "login_webauthn": "accounts.forms.SignInByPasskey",
    "reauthenticate": "accounts.forms.ConfirmByCode",
    "reauthenticate_webauthn": "accounts.forms.ConfirmByPasskey",
}
SOCIALACCOUNT_ADAPTER = "accounts.organisation_sign_in.OrganisationSignIn"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_QUERY_EMAIL = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True}}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
SESSION_ENGINE = "common.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https://")
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if BASE_URL.startswith("https://") else 0
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:"],
        # the event stream, where it has a port of its own
        "connect-src": [SELF, *([EVENTS_URL] if EVENTS_URL else [])],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# Shared by all web processes, so that attempts to sign in are counted once; rows may vanish, nothing else relies on them.
# Beyond so many rows a third goes, the counters of a flood's addresses with it; Django's own bound is 300.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        "OPTIONS": {"MAX_ENTRIES": env.integer("TRUSTMARK_CACHE_ENTRIES_MAX", 100_000, least=1000)},
    }
}

# -- API ----------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiKeyAuthentication",
        "accounts.authentication.PortalSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["common.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "common.refusals.OperationSchema",
    "DEFAULT_PAGINATION_CLASS": "common.pagination.CursorPage",
    "EXCEPTION_HANDLER": "common.problems.problem_handler",
    "UNAUTHENTICATED_USER": None,
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Trustmark",
    "VERSION": "1",
    "DESCRIPTION": "Licences for performers' likenesses: requests, tokens, render checks, receipts, marks, bundles.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "common.schema.describe_conventions",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ProductionKind": "trustmark.vocabulary.PRODUCTION_KINDS",
        "AssetKind": "provenance.models.AssetKind",
        "CustodyKind": "provenance.graph.models.DocumentKind",
        "PurposeEnum": "trustmark.vocabulary.BUNDLE_PURPOSES",
        "ScriptPurpose": "trustmark.vocabulary.SCRIPT_PURPOSES",
        "ScriptGrantPurpose": "trustmark.vocabulary.SCRIPT_GRANT_PURPOSES",
        "TrainingMediaKind": "trustmark.vocabulary.TRAINING_MEDIA_KINDS",
        "TakedownAction": "trustmark.vocabulary.TAKEDOWN_ACTIONS",
        "DataContractState": "trustmark.vocabulary.DATA_CONTRACT_STATES",
        "WorkState": "trustmark.vocabulary.WORK_STATES",
        "ReviewCheckpoint": "trustmark.vocabulary.REVIEW_CHECKPOINTS",
        "RequestState": "trustmark.vocabulary.REQUEST_STATES",
        "TokenState": "trustmark.vocabulary.TOKEN_STATES",
        "TrainingSourceType": "training.vocabulary.SourceType.values",
        "TrainingLicenceClass": "training.vocabulary.LicenceClass.values",
    },
}

# -- Work that waits ------------------------------------------------------------------------------------------
CELERY_BROKER_URL = BROKER_URL
# Where chords count their parts: Valkey/Redis; with another broker name one. What is done stands in the database.
CELERY_RESULT_BACKEND = (
    env.text("RESULT_URL", BROKER_URL if BROKER_URL.startswith(("redis", "valkey")) else "") or None
)
CELERY_RESULT_EXPIRES = 86_400
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Seconds after which a task that a dead worker held is handed to another.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TIMEZONE = "UTC"

# -- Files ----------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "trustmark.statics.HashedStaticFiles"
    },
    **storages_from_url(STORAGE_URL),
}
# In development files are served from the source folders; elsewhere `collectstatic` has hashed them.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("TRUSTMARK_LOG_LEVEL", "WARNING")},
}
