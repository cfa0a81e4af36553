"""From a file that arrives to a document in the queue: names, bytes, passwords, virus scan, what is inside it; and its removal."""
