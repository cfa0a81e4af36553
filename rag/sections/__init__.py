"""Sections of the settings tree (rag/settings.py) that are long enough to stand apart."""
