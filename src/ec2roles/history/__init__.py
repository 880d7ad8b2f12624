"""What happened: every change, every refresh, every call."""
