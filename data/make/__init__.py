"""The makers of the sample documents: one invented world, one module for each kind of document."""
