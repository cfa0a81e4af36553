"""From a question to passages: two views of the change feed, their fusion, shards and snapshots."""
