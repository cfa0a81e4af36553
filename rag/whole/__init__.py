"""Requests about a whole document: summarise it, list whom and what it names, or all that it says of a kind."""
