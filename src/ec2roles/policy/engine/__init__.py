"""
Does a statement match, and what do all of them together decide?

Nothing in here is promised.
"""

__all__: list[str] = []
