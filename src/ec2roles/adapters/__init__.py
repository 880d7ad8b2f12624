"""The edges: each module here is about one outside library or format, and nothing of the core imports them."""
