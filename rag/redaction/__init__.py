"""Personal data: what of a document's text it is, and the text and PDF without it."""
