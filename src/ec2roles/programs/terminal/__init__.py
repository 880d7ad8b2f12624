"""A terminal on one instance: a small, honest shell with ``aws``, ``curl`` and what goes with them."""
