"""The history in the form of AWS CloudTrail's records."""
