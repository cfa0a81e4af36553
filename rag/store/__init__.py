"""The source of truth: documents, their content, jobs and the change feed in SQL; originals as blobs."""
