"""The edges: each module knows one outside library or format. The core never imports them."""
