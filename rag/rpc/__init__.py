"""gRPC: the same application through another door, and a client for it."""
