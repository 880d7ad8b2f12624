"""AWS STS: its operations, its responses, and what each call must be allowed to do."""
