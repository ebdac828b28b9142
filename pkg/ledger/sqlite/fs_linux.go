package sqlite

import "golang.org/x/sys/unix"

// networkFS names the network file system that the folder is on, and is empty for a local one. WAL needs memory that all
// processes share and locks that hold, neither of which these give (https://www.sqlite.org/wal.html, "Disadvantages").
// The numbers are those of statfs(2). FUSE is refused as a whole: sshfs, rclone and s3fs cannot be told apart there.
func networkFS(dir string) (string, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return "", err
	}
	switch uint32(st.Type) { // magic numbers are 32 bits, whatever the width of the field
	case unix.NFS_SUPER_MAGIC:
		return "NFS", nil
	case unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC:
		return "SMB", nil
	case unix.FUSE_SUPER_MAGIC:
		return "FUSE", nil
	case unix.AFS_SUPER_MAGIC:
		return "AFS", nil
	case unix.CEPH_SUPER_MAGIC:
		return "Ceph", nil
	case unix.CODA_SUPER_MAGIC:
		return "Coda", nil
	case unix.V9FS_MAGIC:
		return "9P", nil
	}
	return "", nil
}

func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return -1, err
	}
	return int64(st.Bavail) * st.Bsize, nil
}
