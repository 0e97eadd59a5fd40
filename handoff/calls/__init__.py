"""A voice leg once it exists: calls, their codes, what vouches for the person on the line, and what is dialled."""
