"""What is found out about a document: entities, types and other labels, language, legibility, summary. Mostly pure."""
