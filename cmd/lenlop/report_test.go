package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lenlop/services/viewership"
)

// sealedReport is a signed report's file, and its key in hex.
func sealedReport(t *testing.T) ([]byte, string) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	content, err := json.Marshal(viewership.Frozen{ID: "r1", From: "2020-04-13", To: "2020-04-20", By: "lesson",
		AsOf:     time.Date(2020, 5, 30, 0, 0, 0, 0, time.UTC),
		Corrects: "r0", Rows: []viewership.FrozenRow{{Key: "l", Views: 5700}}})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	public := key.Public().(ed25519.PublicKey)
	raw, err := viewership.Report{ID: "r1", Content: content, Hash: hex.EncodeToString(sum[:]),
		Signature: ed25519.Sign(key, content), PublicKey: public}.Sealed()
	if err != nil {
		t.Fatal(err)
	}
	return raw, hex.EncodeToString(public)
}

func TestReportVerify(t *testing.T) {
	raw, key := sealedReport(t)
	verify := func(raw []byte, args ...string) (int, string) {
		file := filepath.Join(t.TempDir(), "report.json")
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		code := run(append([]string{"report", "verify", file}, args...), &out, &errs)
		return code, out.String() + errs.String()
	}
	if code, out := verify(raw, "--key", strings.ToUpper(key)); code != 0 || !strings.Contains(out, "good report r1") ||
		!strings.Contains(out, "corrects r0") || !strings.Contains(out, key) {
		t.Errorf("%d %s", code, out)
	}
	if code, out := verify(raw); code != 0 || !strings.Contains(out, "--key") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := verify(raw, "--key", strings.Repeat("0", 64)); code != 1 || !strings.Contains(out, "another key") {
		t.Errorf("%d %s", code, out)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"signed", "signature", "hash", "publicKey"} {
		for _, with := range []string{"AAAA", ""} {
			forged := map[string]any{}
			maps.Copy(forged, doc)
			forged[field] = with
			bad, err := json.Marshal(forged)
			if err != nil {
				t.Fatal(err)
			}
			if code, out := verify(bad); code != 1 {
				t.Errorf("%s changed to %q: %d %s", field, with, code, out)
			}
		}
	}
	for _, bad := range []string{"", "{}", "null", "not json"} {
		if code, out := verify([]byte(bad)); code != 1 || !strings.Contains(out, "not a signed report") {
			t.Errorf("%q: %d %s", bad, code, out)
		}
	}
}
