"""Adapters as Ray Serve deployments and handles as transports. With rag/deploy.py the only Ray Serve code."""
