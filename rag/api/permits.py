"""Which permission a request needs. What is not listed follows its method: GET reads, everything else writes."""

from __future__ import annotations

from rag.access.principal import Permission, Principal
from rag.errors import Forbidden

READING_POSTS = frozenset(
    ("/", "/v1/search", "/v1/ask", "/v1/query", "/v1/analyze", "/v1/chat/completions", "/v1/feedback", "/mcp")
)
INFERENCE = ("/v2/models",)
"""Posts that only ask."""
ADMIN = ("/v1/keys", "/v1/audit")
ADMIN_CHANGES = ("/v1/jobs", "/v1/reanalyse")
"""Reading how far they are is reading."""
OPERATORS = ("/v1/index", "/v1/candidates", "/v1/rollouts", "/v1/system")
"""They concern the installation, all tenants of it."""


def needed(method: str, path: str) -> Permission:
    reads = method in ("GET", "HEAD", "OPTIONS")
    if _under(path, ADMIN) or _under(path, OPERATORS) or (not reads and _under(path, ADMIN_CHANGES)):
        return Permission.ADMIN
    # Whoever may ask may keep what was said.
    asks = path in READING_POSTS or _under(path, INFERENCE) or _under(path, ("/v1/conversations",))
    return Permission.READ if reads or asks else Permission.WRITE


def check(principal: Principal, method: str, path: str) -> None:
    """Raises Forbidden."""
    permission = needed(method, path)
    if not principal.may(permission):
        raise Forbidden(f"The API key does not have the scope '{permission.value}'.")
    if _under(path, OPERATORS) and not principal.operator:
        raise Forbidden(
            "Only an administrator of the whole installation may do this.",
            "Use a key with the scope 'admin' of the tenant 'default'.",
        )


def _under(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)
