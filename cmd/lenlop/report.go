package main

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"

	"lenlop/services/fault"
	"lenlop/services/viewership"
)

type reportCmd struct {
	Verify reportVerifyCmd `cmd:"" help:"Check a signed report's file; needs no server and no data folder."`
}

type reportVerifyCmd struct {
	File string `arg:"" type:"existingfile" help:"The file that the report's page or the API gives."`
	Key  string `help:"The installation's public key in hex, as GET /api/v1/report-key gives it. Without it only that the file was not changed since it was signed is checked, not who signed it." placeholder:"HEX"`
}

// Run prints what the report is, or fails.
func (c reportVerifyCmd) Run(out io.Writer) error {
	raw, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	r, err := viewership.OpenSealed(raw)
	switch {
	case fault.Is(err, "report.tampered"):
		return fmt.Errorf("%s was changed after it was signed, or its signature is not its own", c.File)
	case err != nil:
		return fmt.Errorf("%s is not a signed report: %w", c.File, err)
	}
	key := hex.EncodeToString(r.PublicKey)
	if c.Key != "" && !strings.EqualFold(strings.TrimSpace(c.Key), key) {
		return fmt.Errorf("%s is signed with another key: %s", c.File, key)
	}
	f := r.Frozen
	whole := "final"
	if f.Provisional {
		whole = "provisional"
	}
	if _, err = fmt.Fprintf(out,
		"good report %s\nfrom %s to %s (left out), by %s, %s, %d rows\nas of %s\nsha256 %s\nkey %s\n",
		r.ID, cmp.Or(f.From, "the beginning"), cmp.Or(f.To, "now"), f.By, whole, len(f.Rows),
		f.AsOf.Format("2006-01-02 15:04:05Z07:00"), r.Hash, key); err != nil {
		return err
	}
	if f.Corrects != "" {
		_, err = fmt.Fprintf(out, "corrects %s\n", f.Corrects)
	}
	if err == nil && c.Key == "" {
		_, err = fmt.Fprintln(out, "the key itself was not compared: give --key")
	}
	return err
}
