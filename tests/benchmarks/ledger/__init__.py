"""What this version costs and gives, measured alike after each change, so that a loss is seen."""
