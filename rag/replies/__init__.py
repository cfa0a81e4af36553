"""What the HTTP API answers, as frozen values: the vocabulary of `rag.client`. No Ray, no torch, no numpy."""
