"""The client's calls by area, each a mixin over `Calls` of rag/calls/base.py; rag/client.py joins them."""
