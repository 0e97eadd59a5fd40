"""What a role allows an account."""

from __future__ import annotations

from handoff.staffing.models import Agent


def grant(agent: Agent) -> bool:
    """The role alone decides who may use /admin/. True if that changed."""
    user = agent.user
    is_admin = agent.role == Agent.Role.ADMIN
    if user.is_superuser == user.is_staff == is_admin:
        return False
    user.is_superuser = user.is_staff = is_admin
    user.save(update_fields=["is_superuser", "is_staff"])
    return True
