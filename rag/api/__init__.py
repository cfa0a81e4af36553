"""HTTP: routes only translate. `create_app(services)` is the one way in."""

from rag.api.app import create_app

__all__ = ["create_app"]
