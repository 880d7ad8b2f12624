"""
The command line: ``python -m ec2roles``.

Its commands and their options are promised (docs/command-line.md); nothing in here is.
"""

__all__: list[str] = []
