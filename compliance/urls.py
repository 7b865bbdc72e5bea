"""Routes of this floor."""

from django.urls import path

from compliance import api
from compliance.erasure import api as erasure
from compliance.incidents import api as incidents
from compliance.reaching_api import LicenceReachApi, LicenceReachLinesApi
from compliance.rights_paper_api import RightsReportPaperApi, RightsReportPaperStatementApi
from compliance.scripts_api import LicenceScriptsApi

urlpatterns = [
    path("api/v1/tokens/<uuid:jti>/scripts", LicenceScriptsApi.as_view(), name="api-token-scripts"),
    path("api/v1/tokens/<uuid:jti>/reach", LicenceReachApi.as_view(), name="api-token-reach"),
    path(
        "api/v1/tokens/<uuid:jti>/reach/lines", LicenceReachLinesApi.as_view(), name="api-token-reach-lines"
    ),
    path("api/v1/bundles", api.Bundles.as_view(), name="bundles"),
    path("api/v1/bundles/<uuid:bundle_id>", api.BundleDetail.as_view(), name="bundle"),
    path("api/v1/bundles/<uuid:bundle_id>/content", api.BundleContent.as_view(), name="bundle-content"),
    path("api/v1/incidents", incidents.IncidentsApi.as_view(), name="api-incidents"),
    path("api/v1/incidents/<uuid:incident_id>", incidents.IncidentApi.as_view(), name="api-incident"),
    *(
        path(f"api/v1/incidents/<uuid:incident_id>/{what}", view.as_view(), name=f"api-incident-{what}")
        for what, view in (
            ("notes", incidents.IncidentNotesApi),
            ("notices", incidents.IncidentNoticesApi),
            ("answers", incidents.IncidentAnswersApi),
            ("state", incidents.IncidentStateApi),
            ("evidence", incidents.IncidentEvidenceApi),
            ("packages", incidents.IncidentPackagesApi),
        )
    ),
    path(
        "api/v1/incidents/<uuid:incident_id>/evidence/<uuid:evidence_id>/content",
        incidents.IncidentEvidenceContentApi.as_view(),
        name="api-incident-evidence-content",
    ),
    path(
        "api/v1/incidents/<uuid:incident_id>/evidence/<uuid:evidence_id>/read",
        incidents.IncidentReadingApi.as_view(),
        name="api-incident-evidence-read",
    ),
    path(
        "api/v1/incident-packages/<uuid:package_id>",
        incidents.IncidentPackageApi.as_view(),
        name="api-incident-package",
    ),
    path(
        "api/v1/incident-packages/<uuid:package_id>/content",
        incidents.IncidentPackageContentApi.as_view(),
        name="api-incident-package-content",
    ),
    path("api/v1/rights-reports/<uuid:report_id>/paper", RightsReportPaperApi.as_view()),
    path("api/v1/rights-reports/<uuid:report_id>/paper/statement", RightsReportPaperStatementApi.as_view()),
    path("api/v1/erasures/plans", erasure.ErasurePlans.as_view(), name="api-erasure-plans"),
    path("api/v1/erasures", erasure.Erasures.as_view(), name="api-erasures"),
    path("api/v1/erasures/<uuid:erasure_id>", erasure.ErasureDetail.as_view(), name="api-erasure"),
    *(
        path(f"api/v1/erasures/<uuid:erasure_id>/{what}", view.as_view(), name=f"api-erasure-{what}")
        for what, view in (
            ("confirmation", erasure.ErasureConfirmation),
            ("withdrawal", erasure.ErasureWithdrawal),
            ("certificate", erasure.ErasureCertificate),
        )
    ),
]
