"""Integrations with web frameworks: ``integrations.fastapi`` and ``integrations.starlette``."""
