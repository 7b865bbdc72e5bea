"""Mark jobs over HTTP: handed in, watched, cancelled, taken; to strangers they do not exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import ApiCredential, Membership, Organisation
from accounts.principals import Principal
from tests import factories
from tests.watermarking.conftest import SECRET
from tests.watermarking.working import registered
from watermarking import services
from watermarking.keys import ENVIRONMENT
from watermarking.models import JobState, MarkRegistration, MediaJob
from watermarking.work.admission import admit_jobs
from watermarking.work.joining import join_job
from watermarking.work.marking import Step, mark_next

pytestmark = pytest.mark.django_db
JOBS = "/api/v1/watermarks/jobs"


@pytest.fixture(autouse=True)
def house(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())
    folder = {"location": str(tmp_path / "blobs"), "allow_overwrite": True, "base_url": None}
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": folder},
    }
    settings.MEDIA_DEVICE = "cpu"


@pytest.fixture
def owner() -> ApiCredential:
    return factories.make_credential(factories.make_studio())[0]


def hand_in(
    client: Client, credential: ApiCredential, mark: MarkRegistration | str, path: Path, **more: Any
) -> Any:
    payload = mark if isinstance(mark, str) else mark.mark_id
    upload = SimpleUploadedFile(path.name, path.read_bytes(), "application/octet-stream")
    return client.post(
        JOBS, {"file": upload, "payload": payload, **more}, headers=factories.bearer(credential)
    )


def test_the_owner_hands_in_watches_and_takes_the_marked_file(
    client: Client, owner: ApiCredential, tone: Path
) -> None:
    mark, headers = registered(owner.organisation), factories.bearer(owner)
    answer = hand_in(client, owner, mark, tone)
    assert answer.status_code == 202, answer.json()
    where = answer.headers["Location"]
    seen = client.get(where, headers=headers).json()
    assert (seen["state"], seen["position"], seen["wait_code"]) == ("QUEUED", 1, "WAITS_FOR_WORKERS")
    assert client.get(f"{where}/content", headers=headers).json()["code"] == "NOT_RELEASED"
    assert hand_in(client, owner, mark, tone).headers["Location"] == where, "sent twice it is one job"
    (job_id,) = admit_jobs()
    assert client.get(where, headers=headers).json()["state"] == "RUNNING"
    assert mark_next(job_id=job_id) is Step.READY
    join_job(job_id=job_id)
    seen = client.get(where, headers=headers).json()
    assert (seen["state"], seen["percent"], seen["stretches_done"]) == ("RELEASED", 100.0, 1)
    audio = seen["layers"]["audio"]
    assert (audio["status"], audio["reason"], audio["verified"]) == ("embedded", None, True)
    assert [one["state"] for one in seen["segments"]] == ["DONE"]
    assert [one["id"] for one in client.get(JOBS, headers=headers).json()["results"]] == [str(job_id)]
    taken = client.get(seen["content"], headers=headers)
    data = b"".join(taken.streaming_content)  # type: ignore[attr-defined]
    assert len(data) == MediaJob.objects.get().result_bytes
    assert data[:4] == b"RIFF"


def test_to_strangers_a_job_does_not_exist_and_who_may_only_read_gets_403(
    client: Client, owner: ApiCredential, tone: Path
) -> None:
    mark = registered(owner.organisation)
    where = hand_in(client, owner, mark, tone).headers["Location"]
    stranger = factories.make_credential(factories.make_studio())[0]
    for call in (
        client.get(where, headers=factories.bearer(stranger)),
        client.get(f"{where}/content", headers=factories.bearer(stranger)),
        client.post(f"{where}/cancel", headers=factories.bearer(stranger)),
        client.get(f"{JOBS}/{uuid4()}", headers=factories.bearer(owner)),
    ):
        assert (call.status_code, call.json()["code"]) == (404, "NOT_FOUND")
    assert client.get(JOBS, headers=factories.bearer(stranger)).json()["results"] == []
    assert hand_in(client, stranger, mark, tone).json()["code"] == "MARK_UNKNOWN"
    reader = factories.make_credential(owner.organisation, scopes=["asset:read"])[0]
    assert client.get(where, headers=factories.bearer(reader)).status_code == 200
    assert client.post(f"{where}/cancel", headers=factories.bearer(reader)).status_code == 403
    colleague = signed_in(factories.make_desk(owner.organisation, Membership.Role.AUDITOR))
    assert colleague.get(where).status_code == 200
    assert colleague.post(f"{where}/cancel").status_code == 403
    assert MediaJob.objects.get().state == JobState.QUEUED


def test_who_is_told_of_a_mark_cannot_embed_it_and_hears_what_an_unknown_id_hears(
    client: Client, owner: ApiCredential, tone: Path
) -> None:
    agency = factories.make_agency()
    mark = registered(owner.organisation, agency)
    party = factories.make_credential(agency)[0]
    told = client.get("/api/v1/watermarks", headers=factories.bearer(party)).json()["results"]
    assert [one["payload"] for one in told] == [mark.mark_id]
    refused, unknown = hand_in(client, party, mark, tone), hand_in(client, party, "0" * 16, tone)
    assert (refused.status_code, refused.json()["code"]) == (404, "MARK_UNKNOWN")
    assert (refused.status_code, refused.content) == (unknown.status_code, unknown.content)
    operators = services.register_mark(
        production_id=uuid4(), token_jtis=[], asset_id=None, visible_to=[owner.organisation_id]
    )
    assert hand_in(client, owner, operators, tone).json()["code"] == "MARK_UNKNOWN"
    assert not MediaJob.objects.exists(), "nothing was burnt"
    assert hand_in(client, owner, mark, tone).status_code == 202


def test_a_listed_vendor_embeds_a_studios_mark_and_its_job_stays_its_own(
    client: Client, owner: ApiCredential, tone: Path
) -> None:
    vendor = factories.make_credential(factories.make_vendor())[0]
    mark = registered(owner.organisation, vendors=[vendor.organisation])
    where = hand_in(client, vendor, mark, tone).headers["Location"]
    assert client.get(where, headers=factories.bearer(vendor)).json()["payload"] == mark.mark_id
    # the mark is in use; whose job it is, the studio is not told here
    again = hand_in(client, owner, mark, tone)
    assert (again.status_code, again.json()["code"]) == (409, "MARK_TAKEN")
    assert "Location" not in again.headers
    assert client.post(f"{where}/cancel", headers=factories.bearer(owner)).status_code == 404
    assert MediaJob.objects.get().state == JobState.QUEUED


def signed_in(desk: Principal) -> Client:
    client = Client()
    client.force_login(desk.person)
    return client


def test_cancelling_ends_it_once(client: Client, owner: ApiCredential, tone: Path) -> None:
    headers = factories.bearer(owner)
    where = hand_in(client, owner, registered(owner.organisation), tone).headers["Location"]
    admit_jobs()
    assert client.post(f"{where}/cancel", headers=headers).json()["state"] == "CANCELLED"
    assert client.post(f"{where}/cancel", headers=headers).json()["state"] == "CANCELLED"
    assert mark_next(job_id=MediaJob.objects.get().pk) is Step.OVER
    MediaJob.objects.update(state=JobState.NOT_MARKABLE)
    assert client.post(f"{where}/cancel", headers=headers).json()["code"] == "JOB_ENDED"


def test_what_cannot_be_marked_is_refused_with_a_code(
    client: Client, owner: ApiCredential, tone: Path, tmp_path: Path, settings: Any
) -> None:
    studio: Organisation = owner.organisation
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no film at all")
    answer = hand_in(client, owner, registered(studio), bad)
    assert (answer.status_code, answer.json()["code"]) == (422, "MEDIA_UNREADABLE")
    assert hand_in(client, owner, "12", tone).json()["code"] == "PAYLOAD_MALFORMED"
    of_an_output = services.register_mark(
        production_id=uuid4(), token_jtis=[], asset_id=uuid4(), registered_by=studio.pk
    )
    assert hand_in(client, owner, of_an_output, tone).json()["code"] == "MARK_TAKEN"
    mark = registered(studio)
    hand_in(client, owner, mark, tone)
    other = tmp_path / "other.wav"
    other.write_bytes(tone.read_bytes()[:-3200])
    assert hand_in(client, owner, mark, other).json()["code"] == "MARK_TAKEN"
    settings.MEDIA_QUEUE_EACH_MAX = 1
    full = hand_in(client, owner, registered(studio), tone)
    assert (full.status_code, full.json()["code"]) == (503, "MEDIA_QUEUE_FULL")
    assert MediaJob.objects.count() == 1
