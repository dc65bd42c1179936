"""The ASGI application: which route a request is for, whether it is let in, and its answer."""
