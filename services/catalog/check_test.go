package catalog

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lenlop/services/caption"
	"lenlop/services/fault"
)

// fakeCaptions holds captions by lesson and counts what is read.
type fakeCaptions struct {
	lessons map[string]caption.Caption
	lists   int // calls of Captions
	bodies  int // calls of Caption
}

func (c *fakeCaptions) Captions(_ context.Context, lessons ...string) ([]caption.Caption, error) {
	c.lists++
	var out []caption.Caption
	for _, id := range lessons {
		if x, ok := c.lessons[id]; ok {
			x.Body = ""
			out = append(out, x)
		}
	}
	return out, nil
}

func (c *fakeCaptions) Caption(_ context.Context, lesson, _ string) (caption.Caption, error) {
	c.bodies++
	x, ok := c.lessons[lesson]
	if !ok {
		return x, fault.New(fault.NotFound, "caption.not_found")
	}
	return x, nil
}

func (c *fakeCaptions) set(lesson, text string, version int) {
	c.lessons[lesson] = caption.Caption{
		LessonID: lesson, Language: "vi", Key: fmt.Sprintf("%s/vi.%d", lesson, version),
		Body: "WEBVTT\n\n00:01.000 --> 00:04.000\n" + text + "\n",
	}
}

// A check reads no caption; a rebuild reads those of the lessons that differ.
func TestCheckReadsNoCaptions(t *testing.T) {
	ctx := t.Context()
	s, n, x := newFixture()
	captions := &fakeCaptions{lessons: map[string]caption.Caption{}}
	s.Captions = captions
	for id := range n.lessons {
		captions.set(id, "parabol quay xuống", 1)
	}
	rebuild := func(what string, bodies, puts int) {
		t.Helper()
		captions.bodies, captions.lists, x.puts = 0, 0, 0
		if _, err := s.Rebuild(ctx); err != nil {
			t.Fatal(err)
		}
		if captions.bodies != bodies || x.puts != puts {
			t.Errorf("%s: %d captions read and %d lessons put, want %d and %d", what, captions.bodies,
				x.puts, bodies, puts)
		}
		captions.bodies = 0
		if d, err := s.Check(ctx); err != nil || !d.None() || len(d.Unverified) > 0 || captions.bodies > 0 {
			t.Errorf("%s: then %+v with %d captions read, %v", what, d, captions.bodies, err)
		}
	}
	rebuild("empty index", 5, 5)
	if got := x.entries["l3"].Spoken; len(got) != 1 || got[0].Lines[0].Text != "parabol quay xuống" {
		t.Fatalf("indexed %+v", got)
	}
	rebuild("nothing changed", 0, 0)
	if captions.lists > 6 { // a page of lessons is one read: 3 pages, twice
		t.Errorf("the versions of captions are read %d times for 3 pages", captions.lists)
	}
	captions.set("l3", "parabol quay lên", 2)
	rebuild("one caption changed", 1, 1)
	offered := captions.lessons["l4"]
	offered.Offered = true
	captions.lessons["l4"] = offered
	rebuild("one caption no longer published", 0, 1)
	if got := x.entries["l4"].Spoken; len(got) != 0 {
		t.Errorf("indexed %+v of unpublished captions", got)
	}
}

// An index filled by a release without fingerprints counts as equal, and the
// next rebuild puts its lessons once.
func TestUnverifiedEntries(t *testing.T) {
	ctx := t.Context()
	s, _, x := newFixture()
	if _, err := s.Rebuild(ctx); err != nil {
		t.Fatal(err)
	}
	x.unverified = map[string]bool{"l2": true, "l5": true}
	d, err := s.Check(ctx)
	if err != nil || !d.None() {
		t.Fatalf("Check: %+v, %v", d, err)
	}
	if diff := cmp.Diff(Difference{Unverified: []string{"l5", "l2"}}, d); diff != "" {
		t.Errorf("Check (-want +got)\n%s", diff)
	}
	x.puts = 0
	if _, err := s.Rebuild(ctx); err != nil || x.puts != 2 {
		t.Errorf("Rebuild puts %d lessons, %v; want 2", x.puts, err)
	}
	if d, err = s.Check(ctx); err != nil || len(d.Unverified) > 0 {
		t.Errorf("after Rebuild: %+v, %v", d, err)
	}
}
