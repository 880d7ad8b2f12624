"""Amazon EC2: its operations, its responses, and what each call must be allowed to do."""
