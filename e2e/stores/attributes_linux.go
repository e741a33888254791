package stores

import "syscall"

// keepsAttributes says whether a folder's file system keeps extended attributes of users.
func keepsAttributes(dir string) bool {
	return syscall.Setxattr(dir, "user.latchkey.test", []byte("x"), 0) == nil
}
