// Package migrations holds the schema of the store as numbered SQL files that run on SQLite and on
// PostgreSQL alike. It owns the text only; package store runs it.
package migrations

import (
	"embed"
	"io"
	"io/fs"
	"strings"
)

//go:embed *.sql
var files embed.FS

// PostgreSQL returns the migrations as they are written.
func PostgreSQL() fs.FS { return files }

// SQLite returns the migrations with the one word that the two databases cannot share: SQLite makes a
// primary key the row's own number, instead of a second index, only when its type is spelled INTEGER.
func SQLite() fs.FS { return rowidFS{files} }

type rowidFS struct{ fs.FS }

// Open opens a file or the directory.
func (f rowidFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return file, err
	}
	b, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	sql := strings.ReplaceAll(string(b), "BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY")
	return textFile{file, strings.NewReader(sql)}, nil
}

type textFile struct {
	fs.File
	text *strings.Reader
}

// Read reads the rewritten text.
func (f textFile) Read(p []byte) (int, error) { return f.text.Read(p) }
