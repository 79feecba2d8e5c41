def mask_secret(secret: str, visible: int) -> str:
    """Hide a secret for a log line, all but its last `visible` characters; hide a short one whole."""
    if len(secret) <= visible:
        return "*" * len(secret)
    hidden = len(secret) - visible
    return "*" * hidden + secret[hidden:]
