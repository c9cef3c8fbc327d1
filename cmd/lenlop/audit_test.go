package main

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"lenlop/cmd/lenlop/app"
)

// TestAuditVerifyCommand: the command finds one changed word in the log.
func TestAuditVerifyCommand(t *testing.T) {
	dir := t.TempDir()
	lenlop := func(args ...string) (int, string) {
		var out, errs strings.Builder
		code := run(append(args, "--data", dir), &out, &errs)
		return code, out.String() + errs.String()
	}
	for _, name := range []string{"co-lan", "thay-minh"} {
		if code, text := lenlop("user", "add", name, "--name", "Người thử", "--role", "reviewer"); code != 0 {
			t.Fatal(text)
		}
	}
	code, text := lenlop("audit", "verify")
	if code != 0 || !regexp.MustCompile(
		`^[2-9] entries hold together, 0 of them erased at a person's request; head [0-9a-f]{64}\n$`).MatchString(
		text) {
		t.Fatalf("%d %q", code, text)
	}
	ctx := context.Background()
	db, err := app.OpenDatabase(ctx, app.DataSettings{Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Writer(ctx).NewRaw("UPDATE audit_entries SET action = 'x' WHERE number = 2").Exec(ctx)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if code, text := lenlop("audit", "verify"); code == 0 || !strings.Contains(text, "BROKEN at entry 2") {
		t.Errorf("%d %q", code, text)
	}
}
