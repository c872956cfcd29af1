"""Read agencies' files in their formats."""
