"""
The edges: each module here is about one outside library or format, and nothing of the core imports them.

Nothing in here is promised.
"""

__all__: list[str] = []
