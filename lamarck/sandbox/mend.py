"""What bubblewrap, the warden or the kernel said → what is wrong and how to mend it."""

from __future__ import annotations

from pathlib import Path

from lamarck.errors import SandboxUnavailable

_DENIED = ("new namespace", "uid map", "uid_map", "Operation not permitted", "Permission denied", "No space left")


def explain(said: str, settings: Path = Path("/proc/sys")) -> SandboxUnavailable:
    """The error to raise. `settings`: where the kernel's settings are read, which tell the causes apart."""
    line = said.splitlines()[-1] if said else "bubblewrap ended without a word"
    mend = "run `lamarck doctor`"
    if "system call filtering" in line:
        mend = "use a Linux kernel with CONFIG_SECCOMP_FILTER"
    elif any(word in line for word in _DENIED):
        mend = _mend(settings)
    return SandboxUnavailable(f"the sandbox cannot be set up: {line}", mend)


def may_be_denied(settings: Path = Path("/proc/sys")) -> bool:
    """Whether the kernel's settings say that some programs may not make namespaces."""
    return (
        _setting(settings / "kernel/apparmor_restrict_unprivileged_userns") == "1"
        or _setting(settings / "kernel/unprivileged_userns_clone") == "0"
        or _setting(settings / "user/max_user_namespaces") == "0"
    )


def _mend(settings: Path) -> str:
    if _setting(settings / "kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor denies user namespaces to programs without a profile: `apt install bubblewrap apparmor-profiles "
            "&& ln -s /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ && systemctl reload "
            "apparmor`, or for all programs `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`"
        )
    if _setting(settings / "kernel/unprivileged_userns_clone") == "0":
        return "allow user namespaces: `sysctl -w kernel.unprivileged_userns_clone=1`"
    if _setting(settings / "user/max_user_namespaces") == "0":
        return "allow user namespaces: `sysctl -w user.max_user_namespaces=15000`"
    return "in a container, start that with --security-opt seccomp=unconfined --security-opt apparmor=unconfined"


def _setting(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
