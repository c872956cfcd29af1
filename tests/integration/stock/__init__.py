"""Programs of others that a partner uses: what is downloaded, how it is configured, how it is run."""
