"""Models trained by recipe and held against published figures. See README.md."""
