"""Sockets beside requests."""

from tests.serving import serving as serving
