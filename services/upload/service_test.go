package upload

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"lenlop/services/lesson"
	"lenlop/services/people"
)

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		size, want, part int64
		count            int
	}{
		{1, DefaultPartSize, DefaultPartSize, 1},
		{DefaultPartSize, DefaultPartSize, DefaultPartSize, 1},
		{DefaultPartSize + 1, DefaultPartSize, DefaultPartSize, 2},
		{20 << 30, DefaultPartSize, DefaultPartSize, 2560},
		{10_000 * DefaultPartSize, DefaultPartSize, DefaultPartSize, 10_000},
		{10_000*DefaultPartSize + 1, DefaultPartSize, 9 << 20, 8889},
		{1 << 40, DefaultPartSize, 105 << 20, 9987},
		{100 << 20, 1, MinPartSize, 20},
	} {
		if part, count := plan(c.size, c.want); part != c.part || count != c.count {
			t.Errorf("plan(%d, %d) = %d x %d, want %d x %d", c.size, c.want, count, part, c.count, c.part)
		}
	}
	if a, b := LargestPart(0, 0), LargestPart(1<<40, 0); a != DefaultPartSize || b != 105<<20 {
		t.Errorf("largest parts %d and %d", a, b)
	}
	rapid.Check(t, func(t *rapid.T) {
		u := Upload{Size: rapid.Int64Range(1, 5<<40).Draw(t, "size")}
		u.PartSize, u.PartCount = plan(u.Size, rapid.Int64Range(0, 1<<30).Draw(t, "want"))
		var sum int64
		for n := 1; n <= u.PartCount; n++ {
			l := u.PartLength(n)
			if l < 1 || n < u.PartCount && l < MinPartSize {
				t.Fatalf("part %d of %d has %d bytes", n, u.PartCount, l)
			}
			sum += l
		}
		if sum != u.Size || u.PartCount > MaxParts {
			t.Fatalf("%d parts of %d bytes add up to %d of %d", u.PartCount, u.PartSize, sum, u.Size)
		}
	})
}

func TestCleanFilename(t *testing.T) {
	for in, want := range map[string]string{
		"Toán 5 – bài 1.mp4":              "Toán 5 – bài 1.mp4",
		"../../etc/passwd":                "passwd",
		`C:\Users\Hà\Video\bài 2.MOV`:     "bài 2.MOV",
		"a\x00b\r\nc\x7f.mp4":             "abc.mp4",
		"photo\u202e4pm.exe":              "photo4pm.exe",
		"..":                              "ban-ghi",
		"":                                "ban-ghi",
		"/":                               "ban-ghi",
		" .hidden ":                       "hidden",
		"bad\xff\xfeutf8.mp4":             "badutf8.mp4",
		"<script>alert(1)<":               "<script>alert(1)<", // pages escape it
		strings.Repeat("ờ", 300) + ".mp4": strings.Repeat("ờ", 251) + ".mp4",
	} {
		if got := cleanFilename(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		got := cleanFilename(string(rapid.SliceOf(rapid.Byte()).Draw(t, "name")))
		if got == "" || !utf8.ValidString(got) || utf8.RuneCountInString(got) > 255 ||
			strings.ContainsAny(got, "/\\\x00\n") {
			t.Fatalf("%q", got)
		}
	})
}

// TestBeginRefuses: refused before a byte is sent, and nothing is left.
func TestBeginRefuses(t *testing.T) {
	student := people.Person{ID: "em Páo", Active: true, Grants: []people.Grant{{Role: people.Student, School: "s1"}}}
	gone := teacher
	gone.Active = false
	for name, c := range map[string]struct {
		by     people.Person
		lesson string
		size   int64
		code   string
	}{
		"empty":             {teacher, "l1", 0, "upload.empty"},
		"negative":          {teacher, "l1", -1, "upload.empty"},
		"too large":         {teacher, "l1", DefaultMaxSize + 1, "upload.too_large"},
		"over quota":        {teacher, "l1", 6 << 30, "upload.over_quota"},
		"another's lesson":  {teacher, "l2", 10, "access.denied"},
		"student":           {student, "l1", 10, "access.denied"},
		"nobody":            {people.Person{}, "l1", 10, "access.denied"},
		"deactivated":       {gone, "l1", 10, "access.denied"},
		"unknown lesson":    {teacher, "none", 10, "lesson.not_found"},
		"lesson in the bin": {teacher, "in the bin", 10, "lesson.in_bin"},
		"fits":              {teacher, "l1", 5 << 30, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Quota = 10 << 30
			w.uploads["earlier"] = Upload{ID: "earlier", PersonID: teacher.ID, LessonID: "l9",
				Size: 5 << 30, Status: Open}
			_, err := w.Begin(t.Context(), c.by, c.lesson, "a.mp4", c.size)
			wantCode(t, err, c.code)
			if err != nil && (len(w.uploads) != 1 || len(w.keys) != 0 || slices.Contains(w.calls, "create")) {
				t.Errorf("left %v %v after %v", w.uploads, w.keys, w.calls)
			}
		})
	}
}

// TestBeginRaces: what changed between looking and committing counts.
func TestBeginRaces(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		code   string
	}{
		"another device took the quota": {func(w *world) {
			w.uploads["x"] = Upload{ID: "x", PersonID: teacher.ID, Size: 9 << 30, Status: Open}
		}, "upload.over_quota"},
		"put into the bin": {func(w *world) { w.lessons["l1"] = w.lessons["in the bin"] }, "lesson.in_bin"},
		"commit failed":    {func(w *world) { w.die = "commit" }, "died"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Quota = 10 << 30
			w.on["create"] = func() { c.change(w) }
			_, err := w.Begin(t.Context(), teacher, "l1", "a.mp4", 2<<30)
			if c.code == "died" {
				if err == nil {
					t.Error("no error")
				}
			} else {
				wantCode(t, err, c.code)
			}
			if len(w.keys) != 0 {
				t.Errorf("storage still waits for %v", w.keys)
			}
			if st := w.lessons["l1"].Media.State; st == lesson.Receiving {
				t.Error("the lesson says it is receiving")
			}
		})
	}
}

func TestBegin(t *testing.T) {
	w := newWorld(t)
	u := w.begin(t)
	if u.PartCount != 3 || u.PartSize != DefaultPartSize || u.Status != Open || !u.ExpiresAt.Equal(began.Add(Life)) ||
		u.PersonID != teacher.ID || u.RecordingID == "" || u.StorageID == "" || u.Filename != "bài 1.mp4" {
		t.Errorf("%+v", u)
	}
	if !strings.HasPrefix(u.Key, "lessons/l1/recordings/") || len(u.Key) < len("lessons/l1/recordings/")+26 {
		t.Errorf("key %s", u.Key)
	}
	if again := w.begin(t); again.Key == u.Key {
		t.Error("two uploads under one key")
	}
	if w.lessons["l1"].Media.State != lesson.Receiving || !reflect.DeepEqual(w.uploads[u.ID], u) {
		t.Errorf("kept as %+v, lesson %+v", w.uploads[u.ID], w.lessons["l1"].Media)
	}
}

// TestOnlyOwn: an upload is its person's alone, and only while they may edit
// the lesson.
func TestOnlyOwn(t *testing.T) {
	calls := map[string]func(*world, people.Person, string) error{
		"get": func(w *world, p people.Person, id string) error { _, _, err := w.Get(t.Context(), p, id); return err },
		"presign": func(w *world, p people.Person, id string) error {
			_, err := w.Presign(t.Context(), p, id, "", []int{1})
			return err
		},
		"complete": func(w *world, p people.Person, id string) error {
			_, err := w.Complete(t.Context(), p, id, "")
			return err
		},
		"abort": func(w *world, p people.Person, id string) error { return w.Abort(t.Context(), p, id) },
	}
	gone := teacher
	gone.Active = false
	for name, call := range calls {
		for _, by := range []people.Person{other, admin, gone, {}} {
			w := newWorld(t)
			u := w.begin(t)
			w.send(t, u, 1, 2, 3)
			before, parts := maps.Clone(w.uploads), len(w.parts[u.StorageID])
			w.calls = nil
			wantCode(t, call(w, by, u.ID), "access.denied")
			if !reflect.DeepEqual(w.uploads, before) || len(w.parts[u.StorageID]) != parts || len(w.calls) != 0 {
				t.Errorf("%s by %q did %v", name, by.ID, w.calls)
			}
		}
		w := newWorld(t)
		wantCode(t, call(w, teacher, "none"), "upload.not_found")
		// The lesson has gone to another teacher since.
		u := w.begin(t)
		w.lessons["l1"] = lesson.Lesson{ID: "l1", TeacherID: other.ID}
		wantCode(t, call(w, teacher, u.ID), "access.denied")
	}
}

func TestGet(t *testing.T) {
	w := newWorld(t)
	u := w.begin(t)
	w.send(t, u, 3, 1)
	got, parts, err := w.Get(t.Context(), teacher, u.ID)
	if err != nil || got.ID != u.ID || len(parts) != 2 || parts[0].Number != 1 || parts[1].Size != 100 {
		t.Errorf("%+v %+v %v", got, parts, err)
	}
	// Storage joined them, and the process died before it was said.
	w.forget(u)
	w.objects[u.Key] = u.Size
	if _, parts, err := w.Get(t.Context(), teacher, u.ID); err != nil || len(parts) != 3 || parts[2].Size != 100 {
		t.Errorf("%+v %v", parts, err)
	}
	delete(w.objects, u.Key)
	_, _, err = w.Get(t.Context(), teacher, u.ID)
	wantCode(t, err, "upload.gone")
}

func (w *world) forget(u Upload) { (*storage)(w).forget(u.StorageID) }

func TestPresign(t *testing.T) {
	w := newWorld(t)
	u := w.begin(t)
	urls, err := w.Presign(t.Context(), teacher, u.ID, "https://x", []int{3, 1})
	if err != nil || len(urls) != 2 || urls[0].Number != 3 || !strings.HasPrefix(urls[0].URL, "https://x/"+u.Key) ||
		!urls[0].ExpiresAt.Equal(began.Add(15*time.Minute)) {
		t.Errorf("%+v %v", urls, err)
	}
	w.Direct = true
	if urls, err := w.Presign(t.Context(), teacher, u.ID, "https://x", []int{1}); err != nil ||
		!strings.HasPrefix(urls[0].URL, "/"+u.Key) {
		t.Errorf("%+v %v", urls, err)
	}
	for _, numbers := range [][]int{nil, {0}, {-1}, {4}, {1, 2, 10_001}, make([]int, MaxNumbers+1)} {
		_, err := w.Presign(t.Context(), teacher, u.ID, "", numbers)
		wantCode(t, err, "upload.bad_part_number")
	}
	// Work renews the life; a week without any ends it.
	w.now = began.Add(6 * 24 * time.Hour)
	if _, err := w.Presign(t.Context(), teacher, u.ID, "", []int{1}); err != nil {
		t.Error(err)
	}
	if left := w.uploads[u.ID].ExpiresAt; !left.Equal(w.now.Add(Life)) {
		t.Errorf("lives until %v", left)
	}
	w.now = w.now.Add(Life)
	_, err = w.Presign(t.Context(), teacher, u.ID, "", []int{1})
	wantCode(t, err, "upload.expired")
	if err := w.Abort(t.Context(), teacher, u.ID); err != nil {
		t.Error(err)
	}
	_, err = w.Presign(t.Context(), teacher, u.ID, "", []int{1})
	wantCode(t, err, "upload.closed")
}

func TestCurrent(t *testing.T) {
	w := newWorld(t)
	if _, ok, err := w.Current(t.Context(), teacher, "l1"); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
	first := w.begin(t)
	w.now = began.Add(time.Hour)
	second := w.begin(t)
	if u, ok, err := w.Current(t.Context(), teacher, "l1"); !ok || err != nil || u.ID != second.ID {
		t.Errorf("%+v %v %v", u, ok, err)
	}
	if err := w.Abort(t.Context(), teacher, second.ID); err != nil {
		t.Fatal(err)
	}
	if w.lessons["l1"].Media.State != lesson.Receiving {
		t.Error("one device gave up, the other still sends")
	}
	if u, ok, _ := w.Current(t.Context(), teacher, "l1"); !ok || u.ID != first.ID {
		t.Errorf("%+v %v", u, ok)
	}
	if _, ok, err := w.Current(t.Context(), admin, "l1"); ok || err != nil {
		t.Errorf("another's upload is offered: %v", err)
	}
	_, _, err := w.Current(t.Context(), other, "l1")
	wantCode(t, err, "access.denied")
	w.now = began.Add(Life)
	if _, ok, _ := w.Current(t.Context(), teacher, "l1"); ok {
		t.Error("an expired upload is offered")
	}
}
