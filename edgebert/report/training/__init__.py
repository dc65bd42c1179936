"""How checkpoints were trained, alone and side by side, and what they get wrong on dev."""
