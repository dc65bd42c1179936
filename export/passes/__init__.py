"""Graph passes, a file each: every one takes a model and says how much it changed."""
