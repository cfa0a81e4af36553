"""What stands between passages and an answer: evidence, prompts, the grounding check, citations. Pure."""
