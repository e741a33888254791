//go:build !linux

package stores

// keepsAttributes says whether a folder's file system keeps extended attributes of users: not known here.
func keepsAttributes(string) bool { return false }
