"""Evaluation: quality on documents with a known truth."""
