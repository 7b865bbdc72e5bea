"""django-oauth-toolkit as an authorisation server: RFC 7662 introspection on PostgreSQL."""
