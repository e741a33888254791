package ldapsync

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"latchkey/internal/access"
	"latchkey/internal/ldap"
)

// The structure of the file. Missing values get the defaults of ldap.Options.Defaults and of Source.Defaults.
type (
	fileConfig struct {
		Directories []fileSource `yaml:"directories"`
	}
	fileSource struct {
		Name             string     `yaml:"name"`
		Account          string     `yaml:"account"`
		Vendor           string     `yaml:"vendor"`
		URLs             texts      `yaml:"urls"`
		StartTLS         bool       `yaml:"startTLS"`
		CAFile           string     `yaml:"caFile"`
		Insecure         bool       `yaml:"insecure"`
		BindDN           string     `yaml:"bindDN"`
		BindPasswordFile string     `yaml:"bindPasswordFile"`
		BindPasswordEnv  string     `yaml:"bindPasswordEnv"`
		Users            fileUsers  `yaml:"users"`
		Groups           fileGroups `yaml:"groups"`
		Timeout          duration   `yaml:"timeout"`
		PageSize         int        `yaml:"pageSize"`
		Interval         duration   `yaml:"interval"`
		MaxRemoval       *float64   `yaml:"maxRemoval"`
		FreeRemovals     *int       `yaml:"freeRemovals"`
		DeleteAfter      *duration  `yaml:"deleteAfter"`
	}
	fileUsers struct {
		Base       texts    `yaml:"base"`
		Filter     string   `yaml:"filter"`
		Attributes fileUser `yaml:"attributes"`
	}
	fileUser struct {
		ID             string `yaml:"id"`
		UserName       string `yaml:"userName"`
		DisplayName    string `yaml:"displayName"`
		GivenName      string `yaml:"givenName"`
		FamilyName     string `yaml:"familyName"`
		Email          string `yaml:"email"`
		Title          string `yaml:"title"`
		Department     string `yaml:"department"`
		EmployeeNumber string `yaml:"employeeNumber"`
		Language       string `yaml:"language"`
		UID            string `yaml:"uid"`
	}
	fileGroups struct {
		Base       texts     `yaml:"base"`
		Filter     string    `yaml:"filter"`
		Nested     *bool     `yaml:"nested"`
		Attributes fileGroup `yaml:"attributes"`
	}
	fileGroup struct {
		ID          string `yaml:"id"`
		Name        string `yaml:"name"`
		Description string `yaml:"description"`
		Members     texts  `yaml:"members"`
		MemberUID   string `yaml:"memberUid"`
	}
)

// texts is a text or a list of texts.
type texts []string

// UnmarshalYAML reads a text or a list.
func (t *texts) UnmarshalYAML(decode func(any) error) error {
	var one string
	if decode(&one) == nil {
		*t = texts{one}
		return nil
	}
	return decode((*[]string)(t))
}

// duration is a duration such as 15m.
type duration time.Duration

// UnmarshalYAML reads a duration in Go's notation.
func (d *duration) UnmarshalYAML(decode func(any) error) error {
	var text string
	if err := decode(&text); err != nil {
		return err
	}
	v, err := time.ParseDuration(text)
	*d = duration(v)
	return err
}

// Load reads the sources of a YAML file. Unknown keys are errors that name their line. Relative file names are relative
// to the file's folder. Only the owner may have access to a file that has a password. account is the account of the
// sources that name none.
func Load(path string, account access.AccountID) ([]Source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the directories: %w", err)
	}
	var file fileConfig
	err = yaml.NewDecoder(bytes.NewReader(text), yaml.DisallowUnknownField()).Decode(&file)
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		return nil, fmt.Errorf("%s:%d: %s", path, e.GetToken().Position.Line, e.GetMessage())
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(file.Directories) == 0 {
		return nil, fmt.Errorf("%s: it must be a list of directories, under the key directories", path)
	}
	var all []Source
	seen := map[string]bool{}
	for i := range file.Directories {
		f := &file.Directories[i]
		s, err := f.source(filepath.Dir(path), account)
		if err != nil {
			return nil, fmt.Errorf("%s: directory %q: %w", path, f.Name, err)
		}
		if seen[s.Name] {
			return nil, fmt.Errorf("%s: there are two directories %q", path, f.Name)
		}
		seen[s.Name] = true
		all = append(all, s)
	}
	return all, nil
}

func (f *fileSource) source(dir string, account access.AccountID) (Source, error) {
	s := Source{
		Name: f.Name, Account: account, Interval: time.Duration(f.Interval),
		MaxRemoval: 0.1, FreeRemovals: 5, DeleteAfter: 30 * 24 * time.Hour,
		LDAP: f.options(),
	}
	if f.Account != "" {
		s.Account = access.AccountID(f.Account)
	}
	if f.MaxRemoval != nil {
		s.MaxRemoval = *f.MaxRemoval
	}
	if f.FreeRemovals != nil {
		s.FreeRemovals = *f.FreeRemovals
	}
	if f.DeleteAfter != nil {
		s.DeleteAfter = time.Duration(*f.DeleteAfter)
	}
	if err := f.readFiles(dir, &s.LDAP); err != nil {
		return s, err
	}
	s = s.Defaults()
	return s, s.Check()
}

// options returns the options of the source that need no other files.
func (f *fileSource) options() ldap.Options {
	u, g := &f.Users.Attributes, &f.Groups.Attributes
	return ldap.Options{
		Vendor: ldap.Vendor(f.Vendor), URLs: f.URLs, StartTLS: f.StartTLS, Insecure: f.Insecure, BindDN: f.BindDN,
		Timeout: time.Duration(f.Timeout), PageSize: f.PageSize,
		Users: ldap.Users{Bases: f.Users.Base, Filter: f.Users.Filter, Attributes: ldap.UserAttributes{
			ID:             u.ID,
			UserName:       u.UserName,
			DisplayName:    u.DisplayName,
			GivenName:      u.GivenName,
			FamilyName:     u.FamilyName,
			Email:          u.Email,
			Title:          u.Title,
			Department:     u.Department,
			EmployeeNumber: u.EmployeeNumber,
			Language:       u.Language,
			UID:            u.UID,
		}},
		Groups: ldap.Groups{
			Bases:  f.Groups.Base,
			Filter: f.Groups.Filter,
			Flat:   f.Groups.Nested != nil && !*f.Groups.Nested,
			Attributes: ldap.GroupAttributes{
				ID: g.ID, Name: g.Name, Description: g.Description, Members: g.Members, MemberUID: g.MemberUID,
			},
		},
	}
}

// readFiles sets the options that come from other files or the environment: the CA certificates and the password.
func (f *fileSource) readFiles(dir string, o *ldap.Options) error {
	if f.CAFile != "" {
		pem, err := os.ReadFile(within(dir, f.CAFile))
		if err != nil {
			return fmt.Errorf("caFile: %w", err)
		}
		o.RootCAs = x509.NewCertPool()
		if !o.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("caFile %s has no certificate in PEM", f.CAFile)
		}
	}
	switch {
	case f.BindPasswordFile != "" && f.BindPasswordEnv != "":
		return errors.New("bindPasswordFile and bindPasswordEnv: give one of them")
	case f.BindPasswordFile != "":
		path := within(dir, f.BindPasswordFile)
		if _, err := readPassword(path); err != nil { // reported at start, not at the first run
			return err
		}
		o.Password = func() (string, error) { return readPassword(path) } // it may be changed while the server runs
	case f.BindPasswordEnv != "":
		if os.Getenv(f.BindPasswordEnv) == "" {
			return fmt.Errorf("bindPasswordEnv: %s is not set", f.BindPasswordEnv)
		}
		o.Password = func() (string, error) { return os.Getenv(f.BindPasswordEnv), nil }
	}
	return nil
}

func within(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// readPassword reads a password from a file that only its owner can access. It removes the line end after the password.
func readPassword(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("bindPasswordFile: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", fmt.Errorf("bindPasswordFile: %w", err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("bindPasswordFile %s is not a regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		return "", fmt.Errorf("bindPasswordFile %s is open to others (%v): chmod 600 it", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, 4097))
	if err != nil {
		return "", fmt.Errorf("bindPasswordFile: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" || len(text) > 4096 {
		return "", fmt.Errorf("bindPasswordFile %s is empty or too long", path)
	}
	return password, nil
}
