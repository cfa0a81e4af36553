"""`redwell verify`: does what the rows say agree with the files, the indexes and one another? Finds, and mends what it can."""
