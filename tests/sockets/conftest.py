"""Every test here opens sockets."""

from tests.serving import serving as serving
