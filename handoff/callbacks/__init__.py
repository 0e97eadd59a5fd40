"""Not now, later: when a call can be promised, to which number, and what follows when nobody answers."""
