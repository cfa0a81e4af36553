"""Webhooks: who asked to be told hears when a document or a job ends."""
