package production

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"lenlop/services/media"
	"lenlop/transcoder/delivery"
)

// TestLengths: what plays for no time is not counted; plain files play for the whole lesson.
func TestLengths(t *testing.T) {
	s := &packageStore{}
	s.SavePackage(t.Context(), Package{ID: "P", Duration: 61.2346, Files: []File{
		{Key: "saver.mp4", Size: 9}, {Key: "sound.m4a", Size: 8}, {Key: "storyboard.jpg", Size: 7},
		{Key: "storyboard.vtt", Size: 6},
	}})
	s.AddPiece(t.Context(), "P", "360p", 0, []Segment{
		{PackageID: "P", Key: "init.mp4", Index: -1, Size: 1},
		{PackageID: "P", Key: "0.m4s", Index: 0, Duration: 5.0004, Size: 2},
		{PackageID: "P", Key: "1.m4s", Index: 1, Duration: 4.9996, Size: 3},
	})
	got, err := Lengths{s}.Lengths(t.Context(), "P")
	want := map[string]Length{"0.m4s": {5000, 2}, "1.m4s": {5000, 3}, "saver.mp4": {61235, 9}, "sound.m4a": {61235, 8}}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := (Lengths{s}).Lengths(t.Context(), "gone"); err != nil || len(got) != 0 {
		t.Errorf("of a package that is gone: %v, %v", got, err)
	}
}

// TestLookFindsWhatIsWrong with a package in storage.
func TestLookFindsWhatIsWrong(t *testing.T) {
	h := newFixture(t)
	defer h.Scratch.Close()
	plan, err := h.machine.Plan(t.Context(), "", must(h.machine.Inspect(t.Context(), ".")))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(plan)
	p := Package{ID: "P", LessonID: "L", Plan: raw}
	var segs []Segment
	for _, task := range plan.Tasks() {
		outs, err := h.machine.Encode(t.Context(), "", plan, task, t.TempDir(), func(float64) {})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outs {
			key := media.Output("L", "P", media.PieceDir(o.Rung, o.Piece, 1), fileName(o.Index))
			if err := h.put(t.Context(), key, o.Path, o.SHA256); err != nil {
				t.Fatal(err)
			}
			segs = append(segs, Segment{PackageID: "P", Rung: o.Rung, Piece: o.Piece, Index: o.Index,
				Duration: o.Duration,
				Key:      key, Size: o.Size, SHA256: o.SHA256})
		}
	}
	if err := Look(t.Context(), h.store, h.machine, p, segs); err != nil {
		t.Fatalf("whole: %v", err)
	}
	last := segs[len(segs)-1]
	was := h.store.objects[last.Key]
	for name, data := range map[string]string{"other bytes": strings.Repeat("x", len(was)), "shorter": "x"} {
		h.store.objects[last.Key] = []byte(data)
		if err := Look(t.Context(), h.store, h.machine, p, segs); err == nil {
			t.Errorf("%s: nothing found", name)
		}
	}
	delete(h.store.objects, last.Key)
	if err := Look(t.Context(), h.store, h.machine, p, segs); err == nil {
		t.Error("a segment is gone: nothing found")
	}
	if err := Look(t.Context(), h.store, h.machine, p, segs[1:]); err == nil {
		t.Error("a segment is not named: nothing found")
	}
	if err := Look(t.Context(), h.store, h.machine, Package{Plan: []byte("{")}, segs); err == nil {
		t.Error("a plan that cannot be read: nothing found")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestFormats: the first is the usual one, and each is found by its name.
func TestFormats(t *testing.T) {
	for _, f := range Formats() {
		if got, ok := FindFormat(f.Name); !ok || got.Name != f.Name {
			t.Errorf("%s: %+v %v", f.Name, got, ok)
		}
	}
	if _, ok := FindFormat("vhs"); ok || len(Formats()) != len(delivery.Formats()) {
		t.Error("a format that nobody knows")
	}
}
