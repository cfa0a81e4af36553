"""Redwell: documents in, answers that can be checked out. DESIGN.md is the map."""

__version__ = "0.1.0"
