"""
AWS's wire protocols, read and written as the server does, from the service models of botocore (extra ``boto``).

Nothing in here is promised.
"""

__all__: list[str] = []
