"""A real broker and schema registry on this machine, for those who have no cluster."""
