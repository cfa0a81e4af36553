"""How many cards a load needs and what goes on which: `redwell plan`."""
