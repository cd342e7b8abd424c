"""How the shipped reader was made; nothing here is installed with askpkcn."""
