"""Who asks and what they may: principals, keys, the audit log."""
