"""Convert agencies' files to records, and publish them as the agency's own principal."""
