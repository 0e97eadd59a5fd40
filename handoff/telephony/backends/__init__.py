"""The providers, each behind the same protocol."""
