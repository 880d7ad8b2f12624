"""
AWS IAM: its operations, its responses, and what each call must be allowed to do.

Nothing in here is promised.
"""

__all__: list[str] = []
