"""The append-only event trail of the deployment: who did what, for whom, to what."""
