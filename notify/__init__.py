"""Who is told of what: webhooks and the event stream, both driven by the audit trail (ADR 0008)."""
