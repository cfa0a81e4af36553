"""Bytes to pages: type detection, parsers in limited worker processes, page pictures."""
