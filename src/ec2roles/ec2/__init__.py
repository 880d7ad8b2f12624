"""Instances, the credentials that rotate on them, and the metadata service that hands them out."""
