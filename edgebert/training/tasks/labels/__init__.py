"""What is said of texts and of their words: labels, scores, entities."""
