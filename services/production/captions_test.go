package production

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"lenlop/services/caption"
	"lenlop/services/job"
	"lenlop/services/media"
)

// desk takes what is offered.
type desk struct {
	cues map[string][]caption.Cue
	keys []string
	gone []string
}

func (d *desk) Offer(_ context.Context, lessonID, language string, cues []caption.Cue) error {
	d.cues[lessonID+" "+language] = cues
	return nil
}
func (d *desk) Keys(context.Context, string) ([]string, error) { return d.keys, nil }
func (d *desk) Forget(_ context.Context, lessonID string) error {
	d.gone = append(d.gone, lessonID)
	return nil
}

func TestTextTracksAreOffered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		d := &desk{cues: map[string][]caption.Cue{}}
		h.Captions = d
		// The first is empty, the second in the same language is taken, the
		// third nobody named.
		h.machine.texts = map[int]string{2: "WEBVTT\n", 3: "WEBVTT\n\n00:01.000 --> 00:02.000\n<script>Chào</script>\n",
			4: "WEBVTT\n\n00:01.000 --> 00:02.000\nB\n"}
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(time.Hour)
		if len(d.cues) != 2 || len(d.cues["L vi"]) != 1 || d.cues["L vi"][0].Text != "Chào" ||
			d.cues["L und"][0].Text != "B" {
			t.Errorf("offered %+v", d.cues)
		}
	})
}

func TestReplacedCaptionsAreRemovedAndKnownOnesStay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		d := &desk{keys: []string{media.Caption("L", "vi", "new")}}
		h.Captions = d
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(time.Hour)
		for _, version := range []string{"old", "new"} {
			key := media.Caption("L", "vi", version)
			h.store.objects[key], h.store.at[key] = []byte("WEBVTT\n"), time.Now()
		}
		look := func() (old, known bool) {
			if err := h.orphans(t.Context(), &job.Run{Log: h.Log}, OrphansArgs{}); err != nil {
				t.Fatal(err)
			}
			_, e1 := h.store.Head(t.Context(), media.Caption("L", "vi", "old"))
			_, e2 := h.store.Head(t.Context(), media.Caption("L", "vi", "new"))
			return e1 == nil, e2 == nil
		}
		if old, known := look(); !old || !known {
			t.Errorf("at once: old %v, known %v", old, known)
		}
		time.Sleep(orphanFile + time.Hour)
		if old, known := look(); old || !known {
			t.Errorf("a day later: old %v, known %v", old, known)
		}
	})
}
