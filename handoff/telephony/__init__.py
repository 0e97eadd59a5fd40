"""Phones as a port: one protocol, one file for each provider."""
