"""SQLite is refused where the kernel says that a network lies between it and its disk."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import StoreUnavailable
from adapter.outbox import open_sqlite
from adapter.outbox.mounts import MOUNTS, Mount, mount_of, refuse_network
from support.clock import START

ROOT = "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw"

NAMES = st.text("ab", min_size=1, max_size=2)
PATHS = st.lists(NAMES, max_size=4).map(lambda parts: PurePosixPath("/", *parts))
KINDS = st.sampled_from(["ext4", "nfs4", "tmpfs", "fuse.sshfs"])


def line(point: str, kind: str) -> str:
    return f"36 35 98:0 / {point} rw,noatime master:1 - {kind} source rw"


@pytest.mark.parametrize(
    "kind",
    ["nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "lustre", "fuse.sshfs", "fuse.ceph"],
)
def test_what_several_machines_may_write_to_is_network(kind: str) -> None:
    assert Mount(PurePosixPath("/data"), kind).is_network


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "zfs", "fuse.ntfs"])
def test_a_disk_of_the_machine_is_none(kind: str) -> None:
    assert not Mount(PurePosixPath("/data"), kind).is_network


@given(st.lists(st.tuples(PATHS, KINDS)), PATHS)
def test_the_deepest_and_last_mount_holds_a_path(
    mounts: list[tuple[PurePosixPath, str]], path: PurePosixPath
) -> None:
    """Compare with walking up from the path, and at each step through the list from its end."""
    found = mount_of(path, "\n".join(line(str(point), kind) for point, kind in mounts))
    slow = next(
        (
            Mount(above, kind)
            for above in (path, *path.parents)
            for point, kind in reversed(mounts)
            if point == above
        ),
        None,
    )
    assert found == slow


def test_a_neighbour_whose_name_begins_alike_is_no_mount_of_it() -> None:
    text = "\n".join([ROOT, line("/data", "nfs4")])
    assert mount_of(PurePosixPath("/database/adapter.db"), text) == Mount(
        PurePosixPath("/"), "ext4"
    )


def test_spaces_in_a_mount_point_are_read() -> None:
    text = line("/my\\040disk", "cifs")
    assert mount_of(PurePosixPath("/my disk/x"), text) == Mount(PurePosixPath("/my disk"), "cifs")


def test_lines_that_are_none_are_passed_over() -> None:
    assert mount_of(PurePosixPath("/x"), "\nnonsense\n1 2 3 - nfs4\n") is None


def test_serving_from_a_network_file_system_is_refused_with_the_remedy(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("\n".join([ROOT, line(str(tmp_path), "nfs4")]))
    database = tmp_path / "data" / "adapter.db"
    with pytest.raises(StoreUnavailable) as caught:
        open_sqlite(database, START, mounts=mounts)
    assert str(caught.value) == (
        f"{database} lies on a network file system (nfs4, mounted at {tmp_path}), where "
        "SQLite loses data; put storage.url on a local disk (in Kubernetes: a block volume), "
        "or use postgresql+psycopg://user:password@host/database"
    )
    assert not database.parent.exists(), "nothing was made there"


def test_a_link_to_a_network_file_system_is_followed(tmp_path: Path) -> None:
    share, mounts = tmp_path / "share", tmp_path / "mountinfo"
    share.mkdir()
    (tmp_path / "link").symlink_to(share)
    mounts.write_text("\n".join([ROOT, line(str(share), "nfs")]))
    with pytest.raises(StoreUnavailable, match="network file system"):
        refuse_network(tmp_path / "link" / "adapter.db", mounts)


def test_where_mounts_cannot_be_read_nothing_is_refused(tmp_path: Path) -> None:
    refuse_network(tmp_path / "adapter.db", tmp_path / "missing")


def test_the_list_of_this_machine_is_understood(tmp_path: Path) -> None:
    assert mount_of(PurePosixPath(tmp_path), MOUNTS.read_text()) is not None
