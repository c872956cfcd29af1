"""Agencies in: files become records, published as the agency's own principal."""
