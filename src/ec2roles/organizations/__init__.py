"""Accounts in a tree, and the policies that limit all that is below them."""
