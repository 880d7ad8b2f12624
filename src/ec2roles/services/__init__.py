"""What calls do once they are allowed: operations, one table for each service, and the registry they are found in."""
