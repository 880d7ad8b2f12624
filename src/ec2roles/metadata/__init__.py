"""The instance metadata service: what a program on an instance finds at 169.254.169.254."""
