"""Wires the deployment together: settings, urls, celery, wsgi. It owns nothing."""
