"""What a therapist works with: the client of the link, and the jobs of the front door that use it."""
