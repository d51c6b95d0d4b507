"""Which file system holds a file, and whether SQLite is safe there.

A network file system answers locks and shared memory with what one machine knows: WAL breaks there,
and a second owner is not kept out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from adapter.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

MOUNTS: Final = Path("/proc/self/mountinfo")
"""Where Linux lists the mounts that this process sees, one a line; see proc_pid_mountinfo(5)."""

_NETWORK: Final = frozenset(
    {
        *("afs", "beegfs", "ceph", "cifs", "coda", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4"),
        *("smb3", "smbfs"),
    }
)
_FUSE_NETWORK: Final = frozenset(
    {
        *("blobfuse", "blobfuse2", "ceph", "ceph-fuse", "gcsfuse", "glusterfs", "goofys"),
        *("juicefs", "mount-s3", "ossfs", "rclone", "s3fs", "seaweedfs", "sshfs"),
    }
)
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """Name where a file system hangs in the tree, and of what kind it is."""

    point: PurePosixPath
    kind: str

    @property
    def is_network(self) -> bool:
        """Return whether other machines may write to it as well."""
        family, _, kind = self.kind.partition(".")
        return self.kind in _NETWORK or (family == "fuse" and kind in _FUSE_NETWORK)


def mount_of(path: PurePosixPath, mountinfo: str) -> Mount | None:
    """Return the mount that holds an absolute path; None where the list names none.

    The longest mount point wins, and of those at one point the last, which covers the others.
    """
    above = [mount for mount in _mounts(mountinfo) if path.is_relative_to(mount.point)]
    return max(reversed(above), key=lambda mount: len(mount.point.parts), default=None)


def refuse_network(path: Path, mounts: Path = MOUNTS) -> None:
    """Raise StoreUnavailable if the database at `path` would lie on a network file system."""
    try:
        text = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # not Linux, or no /proc: the pragmas read back are what is left
        return
    found = mount_of(PurePosixPath(path.resolve()), text)
    if found is not None and found.is_network:
        raise StoreUnavailable(
            f"{path} lies on a network file system ({found.kind}, mounted at {found.point}), where "
            "SQLite loses data; put storage.url on a local disk (in Kubernetes: a block volume), "
            "or use postgresql+psycopg://user:password@host/database"
        )


def _mounts(mountinfo: str) -> Iterator[Mount]:
    for line in mountinfo.splitlines():
        front, separator, back = line.partition(" - ")
        fields = front.split(" ")
        if separator and len(fields) > 4:  # noqa: PLR2004  # the fifth field is the mount point
            yield Mount(PurePosixPath(_unescaped(fields[4])), back.split(" ")[0])


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)
