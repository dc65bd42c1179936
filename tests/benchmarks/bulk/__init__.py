"""Many texts from files to files: one process, two, workers of Ray, and runs that are killed."""
