package production

import (
	"context"
	"encoding/json"
	"fmt"

	"lenlop/services/media"
	"lenlop/transcoder"
)

// Look reads a finished package back from storage as it was read when it was
// finished: every segment by its hash, some of them decoded. The error says
// what is wrong with it.
func Look(ctx context.Context, m media.Store, t Transcoder, p Package, segs []Segment) error {
	var plan transcoder.Plan
	if err := json.Unmarshal(p.Plan, &plan); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	w := &Workers{Media: m}
	list, open := w.opener(p, segs, func(int64) {})
	_, err := t.VerifyPackage(ctx, plan, list, open)
	return err
}
