package inspection_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/inspection"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/production"
	"lenlop/services/viewership/playback"
)

func TestConsistentInstallation(t *testing.T) {
	m := newMemory()
	lines, seen := run(t, m.inspection())
	if len(lines) != 0 {
		t.Errorf("found %q", lines)
	}
	if seen.Lessons != 1 || seen.Objects != 9 || seen.Segments != 2 || seen.Bytes != 9+9+4+7 {
		t.Errorf("looked at %+v", seen)
	}
	i := m.inspection()
	i.Quick = true
	if lines, seen = run(t, i); len(lines) != 0 || seen.Bytes != 0 {
		t.Errorf("quickly: %q, %d bytes read", lines, seen.Bytes)
	}
}

// TestEveryDamageIsFound breaks one thing; quick says whether sizes alone show it.
func TestEveryDamageIsFound(t *testing.T) {
	day := 24 * time.Hour
	age := func(m *memory, key string, by time.Duration) { m.objects[key] = "x"; m.modified[key] = now.Add(-by) }
	for name, c := range map[string]struct {
		breaks func(*memory)
		want   string // "": consistent
		quick  bool
	}{
		"recording lost": {
			func(m *memory) { delete(m.objects, source) }, "I1  recording r: storage does not have it", true,
		},
		"recording cut": {
			func(m *memory) { m.objects[source] = "rec" },
			"I1  recording r: storage has 3 bytes of it, and the database 9",
			true,
		},
		"recording changed": {
			func(m *memory) { m.objects[source] = "recordinG" },
			"I1  recording r: its bytes are not those that were stored",
			false,
		},
		"recording not hashed yet": {func(m *memory) {
			m.objects[source] = "recordinG"
			m.change(func(l *inspection.Lesson) { l.Recordings[0].SHA256 = "" })
		}, "", true},
		"recording gone on purpose": {func(m *memory) {
			delete(m.objects, source)
			m.change(func(l *inspection.Lesson) { l.Recordings[0].GoneAt = now })
		}, "", true},
		"failed without a reason": {func(m *memory) {
			m.change(func(l *inspection.Lesson) { l.Recordings[0].State = lesson.Failed })
		}, "I2  recording r: it failed without a reason for its teacher", true},
		"failed with one": {func(m *memory) {
			m.change(func(l *inspection.Lesson) {
				l.Recordings[0].State,
					l.Recordings[0].FailureCode = lesson.Failed, "x"
			})
		}, "", true},
		"worksheet lost": {func(m *memory) { delete(m.objects, "lessons/l/attachments/a") },
			"I1  worksheet lessons/l/attachments/a: storage does not have it", true},
		"notice's file lost": {
			func(m *memory) { delete(m.objects, "notices/n/a") },
			"I1  notice file notices/n/a: storage does not have it", true,
		},
		"nothing is left of the lesson": {func(m *memory) {
			m.objects = map[string]string{"notices/n/a": ""}
			m.change(func(l *inspection.Lesson) { l.Packages, l.Others, l.Playable = nil, nil, false })
		}, "I1  recording r: storage does not have it", true},
		"segment lost": {func(m *memory) {
			delete(m.objects, root+"720p/0-1/1.m4s")
			delete(m.objects, root+"720p/index.m3u8")
			m.objects[root+"master.m3u8"] = "#EXTM3U\n#EXT-X-ENDLIST"
		}, "I3  segment " + root + "720p/0-1/1.m4s: the database names it, and storage does not have it", true},
		"segment cut": {func(m *memory) { m.objects[root+"720p/0-1/1.m4s"] = "seg" },
			"I3  segment " + root + "720p/0-1/1.m4s: storage has 3 bytes of it, and the database 7", true},
		"segment changed": {func(m *memory) { m.objects[root+"720p/0-1/1.m4s"] = "segmenT" },
			"I3  segment " + root + "720p/0-1/1.m4s: its bytes are not those that were stored", false},
		"of a broken package": {func(m *memory) {
			m.objects[root+"720p/0-1/1.m4s"] = "seg"
			m.pkg(func(p *inspection.Package) { p.State = production.Broken })
		}, "", true},
		"of a retired package": {func(m *memory) {
			delete(m.objects, root+"720p/0-1/1.m4s")
			delete(m.objects, root+"files/saver.mp4")
			m.pkg(func(p *inspection.Package) { p.RetiredAt = now })
		}, "", true},
		"file lost": {func(m *memory) { delete(m.objects, root+"files/saver.mp4") },
			"I3  file " + root + "files/saver.mp4: storage does not have it", true},
		"master lost": {func(m *memory) { delete(m.objects, root+"master.m3u8") },
			"I3  package p: it is finished, and its master playlist is not in storage", true},
		"no master yet": {func(m *memory) {
			delete(m.objects, root+"master.m3u8")
			m.pkg(func(p *inspection.Package) { p.FinishedAt = time.Time{} })
		}, "", true},
		"playlist cut": {func(m *memory) {
			m.objects[root+
				"720p/index.m3u8"] = "#EXTM3U\n#EXTINF:4,\n720p/0-1/1.m4s\n"
		},
			"I3  playlist " + root + "720p/index.m3u8: it is cut, or no playlist at all", true},
		"no playlist": {func(m *memory) { m.objects[root+"720p/index.m3u8"] = "<html>#EXT-X-ENDLIST" },
			"I3  playlist " + root + "720p/index.m3u8: it is cut, or no playlist at all", true},
		"it names what is not there": {func(m *memory) {
			m.objects[root+"720p/index.m3u8"] = "#EXTM3U\n720p/0-1/2.m4s\n#EXT-X-ENDLIST"
		}, "I3  playlist " + root + "720p/index.m3u8: it names 720p/0-1/2.m4s, and storage does not have it", true},
		"it names what nobody knows": {func(m *memory) {
			m.objects[root+"720p/0-1/2.m4s"] = "x"
			m.objects[root+"720p/index.m3u8"] = "#EXTM3U\n#EXT-X-MAP:URI=\"720p/0-1/2.m4s\",X=1\n#EXT-X-ENDLIST"
		}, "I3  playlist " + root +
			"720p/index.m3u8: it names 720p/0-1/2.m4s, and the database does not know that segment",
			true},
		"package not in the database": {func(m *memory) { m.change(func(l *inspection.Lesson) { l.PackageID = "p9" }) },
			"I3  lesson l: it is playable, and its package p9 is not in the database", true},
		"not playable": {
			func(m *memory) { m.change(func(l *inspection.Lesson) { l.PackageID, l.Playable = "p9", false }) }, "",
			true,
		},
		"stuck": {func(m *memory) { m.stuck = []inspection.Stuck{{Subject: "lesson l", Says: "100% of nothing"}} },
			"I2  lesson l: 100% of nothing", true},
		"miscounted": {func(m *memory) {
			m.counts = []playback.Miscount{{Subject: "lesson l", What: "views", Stored: 3, Want: 2}}
		}, "I4  lesson l: views is kept as 3, and the rules make it 2", true},

		"unknown file": {
			func(m *memory) { age(m, "lessons/l/captions/x", 2*day) }, unknown("lessons/l/captions/x"), true,
		},
		"a young one": {func(m *memory) { age(m, "lessons/l/captions/x", 2*day-1) }, "", true},
		"unknown recording": {
			func(m *memory) { age(m, "lessons/l/recordings/x", 31*day) }, unknown("lessons/l/recordings/x"), true,
		},
		"one of this month":     {func(m *memory) { age(m, "lessons/l/recordings/x", 31*day-1) }, "", true},
		"beside known segments": {func(m *memory) { age(m, root+"720p/0-1/x", 99*day) }, "", true},
		"of another package": {
			func(m *memory) { age(m, "lessons/l/packages/q/x", 2*day) }, unknown("lessons/l/packages/q/x"), true,
		},
		"of a lesson that was": {
			func(m *memory) { age(m, "lessons/old/captions/x", 31*day) }, unknown("lessons/old/captions/x"), true,
		},
		"erased this month": {func(m *memory) { age(m, "lessons/old/captions/x", 31*day-1) }, "", true},
		"what an erased lesson left": {func(m *memory) {
			m.change(func(l *inspection.Lesson) { l.Gone = true })
			m.modified[root+"720p/0-1/1.m4s"] = now.Add(-31 * day)
		}, unknown(root + "720p/0-1/1.m4s"), true},
		"piece of an upload": {func(m *memory) { age(m, "uploads/u/1/0-9", 8*day) },
			unknown("uploads/u/1/0-9"), true},
		"piece of this week":     {func(m *memory) { age(m, "uploads/u/1/0-9", 8*day-1) }, "", true},
		"unknown notice's file":  {func(m *memory) { age(m, "notices/n/x", 2*day) }, unknown("notices/n/x"), true},
		"imported figures":       {func(m *memory) { age(m, "imports/2", 999*day) }, "", true},
		"what belongs to nobody": {func(m *memory) { age(m, "x", 2*day) }, unknown("x"), true},
		"upload nobody knows": {func(m *memory) {
			m.pending = []media.Pending{{Key: "lessons/l/recordings/y", UploadID: "u2", StartedAt: now.Add(-8 * day)}}
		}, "I6  lessons/l/recordings/y: storage keeps parts of an upload that the database does not know", true},
		"upload of this week": {func(m *memory) {
			m.pending = []media.Pending{{Key: "k", UploadID: "u2", StartedAt: now.Add(-8*day + 1)}}
		}, "", true},
		"upload that goes on": {func(m *memory) {
			m.pending = []media.Pending{{Key: "k", UploadID: "u1", StartedAt: now.Add(-99 * day)}}
		}, "", true},
	} {
		for _, quick := range []bool{false, true} {
			m := newMemory()
			c.breaks(m)
			i := m.inspection()
			i.Quick = quick
			lines, _ := run(t, i)
			want := []string{c.want}
			if c.want == "" || quick && !c.quick {
				want = nil
			}
			if !slices.Equal(lines, want) {
				t.Errorf("%s (quick: %v): %q, want %q", name, quick, lines, want)
			}
			if len(m.batches) != 0 || len(m.aborted) != 0 || m.rebuilt != 0 {
				t.Errorf("%s: something was mended, and nobody asked", name)
			}
		}
	}
}

func unknown(key string) string {
	return "I6  " + key + ": storage has it, and the database does not know it"
}

// TestMending removes what nobody knows and rebuilds the index; what is lost is only reported.
func TestMending(t *testing.T) {
	m := newMemory()
	delete(m.objects, source)
	for n := range 501 {
		key := fmt.Sprintf("lessons/l/captions/%03d", n)
		m.objects[key], m.modified[key] = "x", now.Add(-48*time.Hour)
	}
	m.pending = []media.Pending{{Key: "k", UploadID: "u2", StartedAt: now.Add(-9 * 24 * time.Hour)}}
	m.differs = catalog.Difference{Missing: []string{"a"}, Extra: []string{"b"}, Stale: []string{"c"}}
	i := m.inspection()
	i.Mend = true
	found, _, err := i.Run(bg)
	if err != nil {
		t.Fatal(err)
	}
	mended := map[string]int{}
	for _, f := range found {
		if f.Mended != (f.Invariant == "I5" || f.Invariant == "I6") {
			t.Errorf("%s", f)
		}
		if f.Mended != strings.HasSuffix(f.String(), " (mended)") {
			t.Errorf("%s", f)
		}
		mended[f.Invariant]++
	}
	if mended["I1"] != 1 || mended["I5"] != 3 || mended["I6"] != 502 || m.rebuilt != 1 ||
		!slices.Equal(m.aborted, []string{"u2"}) ||
		!slices.Equal(m.batches, []int{500, 1}) {
		t.Errorf("found %v, rebuilt %d times, aborted %v, deleted %v", mended, m.rebuilt, m.aborted, m.batches)
	}
	m.differs, m.pending = catalog.Difference{}, nil
	if found, _, err = i.Run(bg); err != nil || len(found) != 1 || m.rebuilt != 1 {
		t.Errorf("afterwards: %v %v", found, err)
	}
}

func TestIndexDifferences(t *testing.T) {
	m := newMemory()
	m.differs = catalog.Difference{Missing: []string{"a", "b"}, Extra: []string{"c"}, Stale: []string{"d"}}
	lines, _ := run(t, m.inspection())
	want := []string{
		"I5  lesson a: published, and the search index does not have it",
		"I5  lesson b: published, and the search index does not have it",
		"I5  lesson c: in the search index, and nobody may find it",
		"I5  lesson d: the search index shows it as it no longer is",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
}

// follower is a search server that gives one list of differences after another.
type follower struct {
	lists    [][]string
	err      error
	repaired int
}

func (f *follower) Differences(context.Context) (ids []string, err error) {
	if len(f.lists) > 0 {
		ids, f.lists = f.lists[0], f.lists[1:]
	}
	return ids, f.err
}

func (f *follower) Repair(context.Context) (int, error) {
	f.repaired++
	return 1, nil
}

func TestSearchServer(t *testing.T) {
	away := fault.New(fault.Unavailable, "search.unavailable")
	for name, c := range map[string]struct {
		lists  [][]string
		err    error
		want   string // lessons found
		rests  int
		notes  int
		failed bool
	}{
		"equal":              {[][]string{nil}, nil, "", 0, 0, false},
		"on its way":         {[][]string{{"a"}, nil}, nil, "", 1, 0, false},
		"different":          {[][]string{{"a", "b"}, {"b", "c"}}, nil, "b", 1, 0, false},
		"it does not answer": {nil, away, "", 0, 1, false},
		"it fails":           {nil, errDisk, "", 0, 0, true},
	} {
		m := newMemory()
		f := &follower{lists: c.lists, err: c.err}
		rests := 0
		i := m.inspection()
		i.Follower, i.Rest, i.Mend = f, func(context.Context) { rests++ }, true
		found, seen, err := i.Run(bg)
		if errors.Is(err, errDisk) != c.failed || (err != nil) != c.failed {
			t.Errorf("%s: %v", name, err)
		}
		var ids []string
		for _, x := range found {
			ids = append(ids, strings.TrimPrefix(x.Subject, "lesson "))
		}
		if strings.Join(ids, " ") != c.want || rests != c.rests || len(seen.Notes) != c.notes ||
			(f.repaired == 1) != (c.want != "") {
			t.Errorf("%s: %v, %d rests, notes %v, repaired %d times", name, found, rests, seen.Notes, f.repaired)
		}
	}
}

// TestDecoding takes a sample spread evenly over the packages that play.
func TestDecoding(t *testing.T) {
	for name, c := range map[string]struct {
		sample int
		err    error
		want   string // packages decoded
		found  int
		failed bool
	}{
		"none":                    {0, nil, "", 0, false},
		"two of five":             {2, nil, "p0 p2", 0, false},
		"all":                     {9, nil, "p0 p1 p2 p3 p4", 0, false},
		"one that does not play":  {1, errDisk, "p0", 1, false},
		"storage does not answer": {1, fault.New(fault.Unavailable, "media.unavailable"), "p0", 0, true},
	} {
		m := newMemory()
		m.objects, m.notices, m.lessons = map[string]string{}, nil, map[string]inspection.Lesson{}
		for n := range 5 {
			id := fmt.Sprintf("p%d", n)
			l := fmt.Sprintf("l%d", n)
			m.objects[media.PackagePrefix(l, id)+"master.m3u8"] = "#EXTM3U\n#EXT-X-ENDLIST"
			m.lessons[l] = inspection.Lesson{ID: l, PackageID: id, Playable: true, Packages: []inspection.Package{
				{Package: production.Package{ID: id, State: production.Verified, FinishedAt: now}},
			}}
		}
		var decoded []string
		i := m.inspection()
		i.Sample, i.Decode = c.sample, func(_ context.Context, p inspection.Package) error {
			decoded = append(decoded, p.ID)
			return c.err
		}
		found, seen, err := i.Run(bg)
		if (err != nil) != c.failed || len(found) != c.found || strings.Join(decoded, " ") != c.want ||
			seen.Decoded != len(decoded) {
			t.Errorf("%s: %v %v, decoded %v", name, found, err, decoded)
		}
		if c.found == 1 && found[0].String() != "I3  package p0: it does not play: disk failed" {
			t.Errorf("%s: %s", name, found[0])
		}
	}
}

// TestWhatCannotBeReadIsNoFinding: an inspection that did not see everything fails.
func TestWhatCannotBeReadIsNoFinding(t *testing.T) {
	for _, what := range []string{"ids", "lesson", "notices", "stuck", "uploads", "index", "counts", "pending", "list",
		"get"} {
		m := newMemory()
		m.broken[what] = errDisk
		if _, _, err := m.inspection().Run(bg); !errors.Is(err, errDisk) {
			t.Errorf("%s unreadable: %v", what, err)
		}
	}
	for _, what := range []string{"rebuild", "delete", "abort"} {
		m := newMemory()
		m.broken[what] = errDisk
		m.differs.Stale = []string{"a"}
		m.objects["x"], m.modified["x"] = "x", now.Add(-48*time.Hour)
		m.pending = []media.Pending{{Key: "k", UploadID: "u2"}}
		i := m.inspection()
		i.Mend = true
		if _, _, err := i.Run(bg); !errors.Is(err, errDisk) {
			t.Errorf("%s failed: %v", what, err)
		}
	}
}
