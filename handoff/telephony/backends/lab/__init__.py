"""The lab: an in-process SIP and RTP engine on loopback, for trial, demonstration and tests.

It has no TLS, no SRTP and no authentication: whoever is on this machine may call, register and listen. It is not a
provider for the public network.
"""
