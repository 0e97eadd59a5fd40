"""Simulated people: customers and agents who use the public contract alone, as a site and browsers would."""
