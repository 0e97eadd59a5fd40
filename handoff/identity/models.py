"""Who is asking: sites and their keys, customers, their sessions, and the tickets that open sockets."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from handoff.lib import ids


class Site(models.Model):
    """One web or app property that embeds the widget; customers and keys are its own."""

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=100)
    origins = models.JSONField(default=list)
    allow_unverified = models.BooleanField(default=False)
    # Clients outside a browser send no Origin; a site has to say that it has such clients.
    allow_app_clients = models.BooleanField(default=False)
    # Its customers are played by `manage.py simulate`, which alone makes such a site: what they open is for trainees.
    is_simulated = models.BooleanField(default=False, db_default=False, editable=False)
    brand = models.JSONField(default=dict, blank=True)
    query_parameters = models.JSONField(default=list, blank=True)

    # No column: under which edition it was read, if what belongs to it may be kept as long.
    edition: str | None = None

    class Meta:
        app_label = "handoff"

    def __str__(self) -> str:
        return self.name


class SiteKey(models.Model):
    """One key that signs a site's identity tokens; several may live at once, for rotation."""

    class Algorithm(models.TextChoices):
        HS256 = "HS256"
        ES256 = "ES256"
        EDDSA = "EdDSA"

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="keys")
    kid = models.CharField(max_length=64)
    algorithm = models.CharField(max_length=8, choices=Algorithm.choices)
    # An HMAC secret is encrypted at rest; a public key is public.
    encrypted_secret = models.TextField(blank=True)
    public_key = models.TextField(blank=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "handoff"
        constraints = [
            models.UniqueConstraint(fields=["site", "kid"], name="one_kid_a_site"),
            models.CheckConstraint(
                condition=Q(algorithm="HS256", public_key="") & ~Q(encrypted_secret="")
                | Q(algorithm__in=["ES256", "EdDSA"], encrypted_secret="") & ~Q(public_key=""),
                name="key_material_fits_algorithm",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site_id}/{self.kid}"


class Customer(models.Model):
    """The person who needs help: verified when `subject` is set, and then unique at the site."""

    public_id = models.CharField(max_length=40, unique=True, default=ids.new_customer_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="customers")
    subject = models.CharField(max_length=128, null=True, blank=True)
    name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=320, blank=True)
    phone_number = models.CharField(max_length=40, blank=True)
    locale = models.CharField(max_length=40, blank=True)
    zoneinfo = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    # Present: a socket, or an HTTP call in the last minute. Kept as a time, so that it outlives a process.
    seen_at = models.DateTimeField()
    # An HTTP call speaks for its customer a while longer than a socket that has closed.
    present_until = models.DateTimeField(null=True)

    class Meta:
        app_label = "handoff"
        constraints = [
            models.UniqueConstraint(
                fields=["site", "subject"], condition=Q(subject__isnull=False), name="one_customer_a_subject"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.public_id

    @property
    def is_verified(self) -> bool:
        return self.subject is not None


class Session(models.Model):
    """One signed-in device of a customer. The token is stored as its SHA-256 only."""

    class Ended(models.TextChoices):
        LOGOUT = "logout"
        UPGRADED = "upgraded"
        EVERYWHERE = "everywhere"

    token_hash = models.CharField(max_length=64, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="sessions")
    acr = models.CharField(max_length=200, blank=True)
    amr = models.JSONField(default=list)
    auth_time = models.BigIntegerField(null=True)
    facts = models.JSONField(default=list, help_text="What the site signed: key, label, value.")
    origin = models.CharField(max_length=255, blank=True)
    embedded_by = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=12, choices=Ended.choices, blank=True)

    class Meta:
        app_label = "handoff"
        indexes = [models.Index(fields=["customer", "ended_at"], name="live_sessions")]

    def __str__(self) -> str:
        return f"session {self.pk}"


class UsedToken(models.Model):
    """A `jti` that opened a session; the unique pair is what makes a token single use."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE)
    jti = models.CharField(max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "handoff"
        constraints = [models.UniqueConstraint(fields=["site", "jti"], name="one_use_a_jti")]

    def __str__(self) -> str:
        return self.jti


class Ticket(models.Model):
    """A one-use pass for one WebSocket: of a customer's session, or of an agent's sign-in."""

    ticket_hash = models.CharField(max_length=64, unique=True)
    session = models.ForeignKey(Session, null=True, on_delete=models.CASCADE)
    user = models.ForeignKey("handoff.User", null=True, on_delete=models.CASCADE)
    # The sign-in that asked for it, and the account's state then: a sign-out or a new password ends the socket.
    sign_in_key = models.CharField(max_length=40, blank=True)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "handoff"
        constraints = [
            models.CheckConstraint(
                condition=Q(session__isnull=False, user__isnull=True) | Q(session__isnull=True, user__isnull=False),
                name="ticket_of_one_kind",
            )
        ]

    def __str__(self) -> str:
        return f"ticket {self.pk}"
