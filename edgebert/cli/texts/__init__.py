"""Texts in, answers out: what the commands that run a bundle on texts have in common."""
