"""The event stream: server-sent events (WHATWG HTML, section 9.2) from a process of its own."""

PATH = "/api/v1/events/stream"
