package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"
)

// fillFlags gives every flag that was not set on the command line its value from the environment, or else
// from the YAML file. The file is read strictly: a key that is no flag is an error with its line.
func fillFlags(fl *pflag.FlagSet, config string, env func(string) (string, bool)) error {
	if config == "" {
		config, _ = env("LATCHKEY_CONFIG")
	}
	file, err := readConfig(config, fl)
	if err != nil {
		return err
	}
	var failed error
	fl.VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "config" || f.Name == "help" || failed != nil {
			return
		}
		name := "LATCHKEY_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v, ok := env(name); ok {
			if err := fl.Set(f.Name, v); err != nil {
				failed = fmt.Errorf("%s: %w", name, err)
			}
			return
		}
		if v, ok := file[f.Name]; ok {
			if err := fl.Set(f.Name, v); err != nil {
				failed = fmt.Errorf("%s: %s: %w", config, f.Name, err)
			}
		}
	})
	return failed
}

// readConfig reads a YAML file of flag names and values.
func readConfig(path string, fl *pflag.FlagSet) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	var entries yaml.MapSlice
	if err := yaml.Unmarshal(text, &entries); err != nil {
		return nil, fmt.Errorf("%s: %s", path, yaml.FormatError(err, false, true))
	}
	values := map[string]string{}
	for _, e := range entries {
		name := fmt.Sprint(e.Key)
		if f := fl.Lookup(name); f == nil || name == "config" || name == "help" {
			return nil, fmt.Errorf("%s:%d: unknown setting %q; the settings are the flags of latchkey serve", path, lineOf(string(text), name), name)
		}
		if list, ok := e.Value.([]any); ok {
			parts := make([]string, len(list))
			for i, v := range list {
				parts[i] = fmt.Sprint(v)
			}
			values[name] = strings.Join(parts, ",")
			continue
		}
		if _, nested := e.Value.(map[string]any); nested || e.Value == nil {
			return nil, fmt.Errorf("%s:%d: %s must have a plain value", path, lineOf(string(text), name), name)
		}
		values[name] = fmt.Sprint(e.Value)
	}
	return values, nil
}

// lineOf is the line of a top-level key, counted from 1.
func lineOf(text, key string) int {
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, key) || strings.HasPrefix(line, `"`+key) || strings.HasPrefix(line, "'"+key) {
			return i + 1
		}
	}
	return 1
}
