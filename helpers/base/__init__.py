"""Ground: files, addresses, secrets, limits. May import: nothing of helpers."""
