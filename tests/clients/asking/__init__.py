"""Clients of other servers as their users call them. Run in .venv-clients: nothing of edgebert is here."""
