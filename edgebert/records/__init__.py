"""The frozen records that travel between steps, and between edgebert and the scripts around it."""
