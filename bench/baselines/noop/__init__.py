"""A Django view that does nothing, in our own deployment: same server, same middleware, one more route."""
