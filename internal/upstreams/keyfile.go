package upstreams

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// maxKeyFile is the largest file with keys, in bytes.
const maxKeyFile = 1 << 20

// readKeyFile reads the keys of a profile from a file in AWS's credentials format (AWS SDKs and Tools reference guide,
// "Shared config and credentials files"). Only the owner may have access to the file.
func readKeyFile(path, profile string) (aws.Credentials, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe must not make us wait
	if err != nil {
		return aws.Credentials{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return aws.Credentials{}, err
	case !info.Mode().IsRegular():
		return aws.Credentials{}, fmt.Errorf("%s is not a regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		return aws.Credentials{}, fmt.Errorf("%s is open to others (%v): chmod 600 it", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return aws.Credentials{}, err
	}
	if len(text) > maxKeyFile {
		return aws.Credentials{}, fmt.Errorf("%s is longer than %d bytes", path, maxKeyFile)
	}
	k, err := parseKeys(string(text), profile)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// parseKeys reads the keys of a profile. Its errors show no value of the text.
func parseKeys(text, profile string) (aws.Credentials, error) {
	k := aws.Credentials{Source: "file"}
	settings := map[string]*string{
		"aws_access_key_id": &k.AccessKeyID, "aws_secret_access_key": &k.SecretAccessKey,
		"aws_session_token": &k.SessionToken,
	}
	section, found := "", false
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if name, ok := strings.CutPrefix(line, "["); ok {
			name, ok = strings.CutSuffix(name, "]")
			if !ok {
				return aws.Credentials{}, fmt.Errorf("line %d: the section's name has no end", number)
			}
			section = strings.TrimSpace(name)
			found = found || section == profile
			continue
		}
		name, v, ok := strings.Cut(line, "=")
		if !ok {
			return aws.Credentials{}, fmt.Errorf("line %d: it must be a section or a setting", number)
		}
		if to := settings[strings.ToLower(strings.TrimSpace(name))]; to != nil && section == profile {
			*to = strings.TrimSpace(v)
		}
	}
	if !found {
		return aws.Credentials{}, fmt.Errorf("there is no profile %q", profile)
	}
	return k, checkKeys(k)
}

// checkKeys refuses keys with which nothing can be signed.
func checkKeys(k aws.Credentials) error {
	for _, text := range []string{k.AccessKeyID, k.SecretAccessKey} {
		if text == "" {
			return errors.New("it has no access key id or no secret access key")
		}
	}
	unfit := func(c rune) bool { return c <= ' ' || c > '~' }
	if strings.ContainsFunc(k.AccessKeyID+k.SecretAccessKey+k.SessionToken, unfit) {
		return errors.New("a key has a blank or a character that is not ASCII")
	}
	return nil
}
