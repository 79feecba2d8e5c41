def mask_end(secret: str, visible: int) -> str:
    """Hide a secret for a log line, all but its first `visible` characters; hide a short one whole."""
    if len(secret) <= visible:
        return "*" * len(secret)
    return secret[:visible] + "*" * (len(secret) - visible)
