"""The command line: ``python -m ec2roles``."""
