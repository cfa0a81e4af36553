"""The `redwell` commands, one module a group. Nothing heavy is imported before a command needs it."""
