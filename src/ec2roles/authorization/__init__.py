"""Who calls, which policies apply, what is decided, and how AWS words a refusal."""
