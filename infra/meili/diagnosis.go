package meili

import (
	"context"
	"strconv"
	"strings"
)

// MinimumVersion of Meilisearch: it takes the field "rename" of swaps and the
// setting disableOnNumbers, and filters by STARTS WITH.
const MinimumVersion = "1.18"

// Diagnosis is what an administrator must know of Meilisearch.
type Diagnosis struct {
	Version string // "" when the key may not read it
	TooOld  bool   // below MinimumVersion; nothing else was checked
	State   State  // before the settings were restored
}

// Diagnose checks Meilisearch and restores the settings of its index without
// waiting for them; fault.Unavailable when it does not answer or refuses.
func (x *Index) Diagnose(ctx context.Context) (Diagnosis, error) {
	var d Diagnosis
	v, err := x.server.VersionWithContext(ctx)
	switch {
	case err == nil:
		d.Version = v.PkgVersion
		if d.TooOld = older(v.PkgVersion, MinimumVersion); d.TooOld {
			return d, nil
		}
	case newAnswer(err).refusal() == "":
		return d, unavailable(err, "version")
	}
	if d.State, err = x.State(ctx); err == nil && len(d.State.differ) > 0 {
		_, err = x.RestoreSettings(ctx)
	}
	return d, err
}

// older compares the numbers of versions like 1.18.2; what follows a hyphen is
// ignored. A version that cannot be read is not older.
func older(version, than string) bool {
	a, b := numbers(version), numbers(than)
	for i := range b {
		if i >= len(a) {
			return false
		}
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

func numbers(version string) []int {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "v"), "-")
	var out []int
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		out = append(out, n)
	}
	return out
}
