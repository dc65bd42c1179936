"""What each kernel operator is recognized by."""
