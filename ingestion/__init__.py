"""Whole collections at once: sources, the batch pipeline on Ray Data, its runs and their reports."""
