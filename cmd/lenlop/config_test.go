package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// runs the command line as main does.
func command(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(args, &o, &e)
	return code, o.String(), e.String()
}

// TestSettings: a flag wins over the environment, that over the file; a wrong
// value is said in one sentence and nothing is started.
func TestSettings(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "lenlop.conf")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "data")
	doctor := func(args ...string) string {
		_, out, errs := command(t, append([]string{"--config", file, "doctor", "--data", data}, args...)...)
		return out + errs
	}
	write("# của trường\nLENLOP_TIMEZONE=Europe/Paris\n\nLENLOP_LOG=\"warn\"\n")
	if out := doctor(); !strings.Contains(out, "Europe/Paris") {
		t.Errorf("the file is not read:\n%s", out)
	}
	t.Setenv("LENLOP_TIMEZONE", "Asia/Tokyo")
	if out := doctor(); !strings.Contains(out, "Asia/Tokyo") {
		t.Errorf("the environment does not win over the file:\n%s", out)
	}
	if out := doctor("--timezone", "Asia/Ho_Chi_Minh"); !strings.Contains(out, "Asia/Ho_Chi_Minh") {
		t.Errorf("the flag does not win over the environment:\n%s", out)
	}
	if out := doctor("--timezone", "Sao/Hoa"); !strings.Contains(out, "MISSING  time zone") {
		t.Errorf("an unknown zone is not said:\n%s", out)
	}
	write("LENLOP_TIMEZONE\n")
	if code, _, errs := command(t, "--config", file, "version"); code != 2 ||
		!strings.Contains(errs, ":1: expected LENLOP_NAME=value") {
		t.Errorf("a broken file: %d %s", code, errs)
	}
	if code, _, errs := command(t, "serve", "--data", data, "--listen", "0.0.0.0:0"); code != 1 ||
		!strings.Contains(errs, "--tls-cert") {
		t.Errorf("plain http for everybody: %d %s", code, errs)
	}
	if code, _, errs := command(t, "serve", "--quota=-1"); code != 2 || !strings.Contains(errs, "quota") {
		t.Errorf("a negative quota: %d %s", code, errs)
	}
	if code, _, _ := command(t, "serve", "--khong-co"); code != 2 {
		t.Errorf("an unknown flag: %d", code)
	}
}

// TestAccountsFromTheCommandLine: made, used, and given a new password.
func TestAccountsFromTheCommandLine(t *testing.T) {
	data := t.TempDir()
	code, out, errs := command(t, "user", "add", "--data", data, "--name", "Quản trị", "--role", "admin", "quantri")
	if code != 0 || !strings.HasPrefix(out, "quantri ") || len(strings.TrimSpace(out)) < 16 {
		t.Fatalf("%d %q %s", code, out, errs)
	}
	if code, _, errs := command(t, "user", "add", "--data", data, "--name", "Khác", "--role", "admin",
		"quantri"); code != 1 || !strings.Contains(errs, "taken") {
		t.Errorf("the same username twice: %d %s", code, errs)
	}
	code, again, errs := command(t, "user", "password", "--data", data, "quantri")
	if code != 0 || again == out {
		t.Errorf("%d %q %s", code, again, errs)
	}
	if code, out, errs := command(t, "migrate", "--data", data); code != 0 {
		t.Errorf("%d %s %s", code, out, errs)
	}
}

// TestSecretFiles: a setting may be a file, and the environment wins over it.
func TestSecretFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte("bi mat\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LENLOP_S3_SECRET_KEY_FILE", name)
	parse := func() string {
		var c struct {
			Doctor doctorCmd `cmd:""`
		}
		file, err := fileResolver(nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := kong.New(&c, kong.DefaultEnvars("LENLOP"), kong.Resolvers(file))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Parse([]string{"doctor"}); err != nil {
			t.Fatal(err)
		}
		return c.Doctor.S3SecretKey
	}
	if got := parse(); got != "bi mat" {
		t.Errorf("secret %q", got)
	}
	t.Setenv("LENLOP_S3_SECRET_KEY", "khac")
	if got := parse(); got != "khac" {
		t.Errorf("secret %q", got)
	}
}
