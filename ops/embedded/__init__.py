"""A real broker and schema registry on this machine, for users without a cluster."""
