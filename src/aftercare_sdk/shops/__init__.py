"""Help for shop adapters, and the rules by which what they say becomes facts."""
