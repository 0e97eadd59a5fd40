"""Sockets beside use cases."""

from tests.serving import serving as serving
