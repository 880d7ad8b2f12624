"""
Is a document one that AWS would store, and does it say what was meant?

Nothing in here is promised.
"""

__all__: list[str] = []
