"""How many calls to put into one batch, and how long to wait for them: `redwell tune`."""
