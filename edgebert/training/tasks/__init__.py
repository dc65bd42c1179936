"""What a model can be trained for, one file each: a head, a loss, and the scores to choose by."""
