"""What can be asked of files as a whole, whether of one layer or of a whole image."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ocinb.layers.looking.tree import Files

if TYPE_CHECKING:
    from ocinb.layers.inspecting.os_release import OsRelease
    from ocinb.layers.inspecting.packages.found import PackageList
    from ocinb.layers.inspecting.permissions import PermissionReport


class Inspected:
    """Files of which one may ask what is installed, which system it is, and who may do what.

    What reads that is imported when it is asked for, and its answer is kept.
    """

    @cached_property
    def packages(self: Files) -> PackageList:
        """What is installed, as the databases of dpkg, apk and rpm say that are among these files.

        Of one layer, that is what was installed when it was made, layers below included.
        """
        from ocinb.layers.inspecting.packages.reading import packages  # noqa: PLC0415  # few ask

        return packages(self)

    @cached_property
    def os_release(self: Files) -> OsRelease | None:
        """Which operating system this is, or None where no `os-release` file says it.

        Raises `InvalidContent` for a file of more than 256 KiB.
        """
        from ocinb.layers.inspecting.os_release import os_release  # noqa: PLC0415  # few ask

        return os_release(self)

    @cached_property
    def permissions(self: Files) -> PermissionReport:
        """Files that give more rights than others, or belong to nobody known, and why it matters.

        One layer may lack `etc/passwd` and `etc/group`; then owners are not judged.
        """
        from ocinb.layers.inspecting.permissions import permission_report  # noqa: PLC0415  # few ask

        return permission_report(self)
