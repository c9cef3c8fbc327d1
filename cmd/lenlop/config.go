package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// fileResolver reads the file named by --config or LENLOP_CONFIG: lines of
// LENLOP_NAME=value, # for comments.
func fileResolver(args []string) (kong.Resolver, error) {
	name := os.Getenv("LENLOP_CONFIG")
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			name = v
		} else if a == "--config" && i+1 < len(args) {
			name = args[i+1]
		}
	}
	values := map[string]string{}
	if name != "" {
		var err error
		if values, err = readConfig(name); err != nil {
			return nil, err
		}
	}
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		name := "LENLOP_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		for _, name := range flag.Envs {
			if _, set := os.LookupEnv(name); set {
				return nil, nil // kong would let the file win
			}
		}
		// Secrets are handed over as files, so that no list of processes and no
		// container's description shows them.
		file := os.Getenv(name + "_FILE")
		if file == "" {
			if v, ok := values[name]; ok {
				return v, nil
			}
			file = values[name+"_FILE"]
		}
		if file == "" {
			return nil, nil
		}
		return readSecret(name, file)
	}), nil
}

// maxSecret is the largest secret that is read from a file, bytes: more is a
// wrong file.
const maxSecret = 64 << 10

// readSecret gives a file's one value; the last newline, which editors add, is
// no part of it.
func readSecret(name, file string) (any, error) {
	st, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("%s_FILE: %w", name, err)
	}
	if st.Size() > maxSecret {
		return nil, fmt.Errorf("%s_FILE: %s is larger than any secret", name, file)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s_FILE: %w", name, err)
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}

func readConfig(name string) (map[string]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	values := map[string]string{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		k = strings.TrimSpace(k)
		if !ok || !strings.HasPrefix(k, "LENLOP_") {
			return nil, fmt.Errorf("%s:%d: expected LENLOP_NAME=value", name, n)
		}
		values[k] = strings.Trim(strings.TrimSpace(v), `"`)
	}
	return values, lines.Err()
}
