"""`redwell chaos`: a stack of its own in a scratch folder, hurt in every way that happens, and what callers saw of it."""
