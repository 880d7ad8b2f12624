"""Temporary credentials: what they are, whose session they stand for, and the service that issues and checks them."""
