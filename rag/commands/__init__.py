"""The commands of `redwell`, one file a group."""
