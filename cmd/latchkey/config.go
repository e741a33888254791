package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/spf13/pflag"
)

// setting is a value of the configuration file, and its line.
type setting struct {
	value string
	line  int
}

// fillFlags sets every flag that is not on the command line from the environment, or else from the YAML file. An empty
// variable counts as unset. The file is read strictly: a key that is not the name of a flag is an error that names its
// line.
func fillFlags(fl *pflag.FlagSet, config string, env func(string) string) error {
	if config == "" {
		config = env("LATCHKEY_CONFIG")
	}
	file, err := readConfig(config, fl)
	if err != nil {
		return err
	}
	fl.VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "config" || f.Name == "help" || err != nil {
			return
		}
		where, value := "LATCHKEY_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")), ""
		if v := env(where); v != "" {
			value = v
		} else if s, ok := file[f.Name]; ok {
			where, value = fmt.Sprintf("%s:%d: %s", config, s.line, f.Name), s.value
		} else {
			return
		}
		if fl.Set(f.Name, value) != nil {
			err = wrongValue(where, f, value)
		}
	})
	return err
}

// wrongValue is the error for a wrong value of a flag, wherever it was set. It says what the value must be.
func wrongValue(where string, f *pflag.Flag, value string) error {
	must := map[string]string{
		"int":      "a whole number",
		"int32":    "a whole number",
		"duration": "a duration such as 30s or 5m",
		"bool":     "true or false",
		"size":     "a number of bytes such as 65536, 64KiB or 100MiB",
	}[f.Value.Type()]
	if must == "" {
		must = "a " + f.Value.Type()
	}
	return fmt.Errorf("%s %q: it must be %s", where, value, must)
}

// readConfig reads a YAML file of flag names and plain values, or lists of them for flags that may be repeated. A value
// is its text in the file: a number such as 012345678901 keeps its zero.
func readConfig(path string, fl *pflag.FlagSet) (map[string]setting, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	file, err := parser.ParseBytes(text, 0)
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		return nil, fmt.Errorf("%s:%d: %s", path, e.GetToken().Position.Line, e.GetMessage())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	settings := map[string]setting{}
	for i, doc := range file.Docs {
		if doc.Body == nil {
			continue // nothing but comments
		}
		entries, ok := doc.Body.(ast.MapNode)
		if !ok || i > 0 {
			return nil, fmt.Errorf("%s:%d: it must be one list of settings, such as `listen: 127.0.0.1:4242`", path,
				lineOf(doc.Body))
		}
		for it := entries.MapRange(); it.Next(); {
			name, line := it.Key().GetToken().Value, lineOf(it.Key())
			f := fl.Lookup(name)
			if f == nil || name == "config" || name == "help" {
				return nil, hint(fmt.Errorf("%s:%d: unknown setting %q", path, line, name),
					"the settings are the flags that latchkey serve --help lists")
			}
			value, ok := plain(it.Value(), strings.HasSuffix(f.Value.Type(), "Slice"))
			if !ok {
				return nil, fmt.Errorf("%s:%d: %s must have a plain value", path, line, name)
			}
			settings[name] = setting{value, line}
		}
	}
	return settings, nil
}

// plain is the text of a scalar, or of a list of scalars where a list is allowed.
func plain(n ast.Node, list bool) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	case *ast.SequenceNode:
		var parts []string
		for _, v := range n.Values {
			part, ok := plain(v, false)
			if !ok {
				return "", false
			}
			parts = append(parts, part)
		}
		return strings.Join(parts, ","), list
	}
	return "", false
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return firstLine(t)
	}
	return 1
}

// firstLine is the line on which a value begins. The token of a mapping is its first colon, so the tokens before it are
// searched.
func firstLine(t *token.Token) int {
	if t.Type == token.MappingValueType && t.Prev != nil && t.Prev.Position != nil {
		return t.Prev.Position.Line
	}
	return t.Position.Line
}
