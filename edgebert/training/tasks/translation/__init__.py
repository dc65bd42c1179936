"""Translation, learned of pairs of a text and what it is in another language."""
