"""How a model is trained, whatever it learns: steps, precision, curves, and a state on disk."""
