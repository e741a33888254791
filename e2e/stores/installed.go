package stores

import (
	"fmt"
	"os"
	"path/filepath"
)

// The versions that tools/stores installs. A folder below Folder carries the version, so that another version never
// answers for it.
const (
	VersitygwVersion = "v1.8.0"
	// MinIOVersion is the last commit of MinIO's open repository. Its releases are not versions of Go's.
	MinIOVersion = "v0.0.0-20260212201848-7aac2a2c5b7c"
)

// FolderVariable is the environment variable with the folder that tools/stores installs into.
const FolderVariable = "LATCHKEY_STORES"

// Missing says that a store cannot be had on this machine.
type Missing struct {
	Store  string
	Reason string
}

func (m Missing) Error() string { return m.Store + " is not to be had here: " + m.Reason }

// Folder is the folder that tools/stores installs into. Given says whether the environment names it, as tools/stores
// does for the commands that it runs.
func Folder() (folder string, given bool) {
	if folder := os.Getenv(FolderVariable); folder != "" {
		return folder, true
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", false
	}
	return filepath.Join(cache, "latchkey-stores"), false
}

// program finds a store's program in its folder of a version.
func program(store, version, name string) (string, error) {
	folder, _ := Folder()
	path := filepath.Join(folder, store+"-"+version, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	reason := fmt.Sprintf("no %s (tools/stores installs it)", path)
	if said, err := os.ReadFile(filepath.Join(folder, store+"-"+version+".missing")); err == nil {
		reason = string(said)
	}
	return "", Missing{Store: store, Reason: reason}
}

// VersitygwProgram is the path of the versitygw binary: the store, and its own test suites.
func VersitygwProgram() (string, error) { return program("versitygw", VersitygwVersion, "versitygw") }
