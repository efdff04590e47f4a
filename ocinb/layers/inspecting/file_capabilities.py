"""The capabilities that a file gives to what runs it, from the attribute `security.capability`.

capabilities(7), "File capabilities"; Linux, include/uapi/linux/capability.h.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ocinb.layers.limits import Broken

ATTRIBUTE = "security.capability"
NAMES = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid",
    "setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw",
    "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
    "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod",
    "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
    "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
)  # fmt: skip
_EFFECTIVE = 0x000001
_LENGTHS = {1: 12, 2: 20, 3: 24}  # bytes, by version


@dataclass(frozen=True)
class FileCapabilities:
    """What a file gives: `permitted` at once, `inheritable` only if its caller has that, too.

    Both hold names as capabilities(7) has them, such as `cap_net_raw`. With `effective` they are in
    force from the start. `root` is the user whose namespace they hold in (version 3 only).
    """

    version: int
    permitted: tuple[str, ...]
    inheritable: tuple[str, ...]
    effective: bool
    root: int | None = None

    def __str__(self) -> str:
        """As getcap(8) writes them: `cap_net_raw=ep`."""
        both = [name for name in self.permitted if name in self.inheritable]
        groups = (
            (both, "ip"),
            ([name for name in self.permitted if name not in both], "p"),
            ([name for name in self.inheritable if name not in both], "i"),
        )
        force = "e" if self.effective else ""
        said = [f"{','.join(names)}={force}{letters}" for names, letters in groups if names]
        return " ".join(said) or "="


def parse(raw: bytes) -> FileCapabilities:
    """What the attribute says; raises `Broken` where it is none that Linux would take."""
    if len(raw) < 4:
        raise Broken("the attribute begins with its version", f"it has {len(raw)} bytes")
    (magic,) = struct.unpack_from("<I", raw)
    version = magic >> 24
    if _LENGTHS.get(version) != len(raw):
        rule = "versions 1, 2 and 3 have 12, 20 and 24 bytes"
        raise Broken(rule, f"version {version} has {len(raw)}")
    words = struct.unpack_from(f"<{(len(raw) - 4) // 4}I", raw, 4)
    permitted, inheritable = words[0], words[1]
    if version > 1:
        permitted, inheritable = permitted | words[2] << 32, inheritable | words[3] << 32
    root = words[4] if version == 3 else None
    effective = bool(magic & _EFFECTIVE)
    return FileCapabilities(version, _names(permitted), _names(inheritable), effective, root)


def _names(bits: int) -> tuple[str, ...]:
    return tuple(
        f"cap_{NAMES[bit]}" if bit < len(NAMES) else f"cap_{bit}"
        for bit in range(bits.bit_length())
        if bits >> bit & 1
    )
