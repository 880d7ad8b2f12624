"""What runs on an instance: the credential chain that programs look through, and a terminal."""
