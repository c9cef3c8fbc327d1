package indextest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lenlop/services/caption"
	"lenlop/services/catalog"
	"lenlop/services/job"
)

// spokenEntries is testEntries with captions in three of the lessons.
func spokenEntries() []catalog.Entry {
	es := testEntries()
	speak := func(i int, texts ...string) {
		cues := make([]caption.Cue, len(texts))
		for n, text := range texts {
			cues[n] = caption.Cue{From: time.Duration(10*n) * time.Second,
				To: time.Duration(10*n+9) * time.Second, Text: text}
		}
		es[i].Spoken = catalog.Passages(cues)
	}
	speak(0, "Chào các em", "Đồ thị là một <b>đường parabol</b>", "Khi a &lt; 0 thì parabol quay xuống",
		"Các em ghi vào vở", "Bài tập về nhà", "Hết giờ")
	speak(3, "Sông Mã xa rồi", "Tây Tiến ơi", "Nhớ về rừng núi", "Mường Lát hoa về", "Trong đêm hơi",
		"Nhà ai Pha Luông")
	speak(7, "Cân bằng", "Ở đây vẽ một đồ thị", "Phương trình bậc hai một ẩn", "Nguyễn Thị Hà hỏi",
		"Cô giảng lại", "Hết giờ")
	return es
}

// indexSpoken: a lesson is found by its captions, with the moment, after all lessons that are found by titles and
// names. Deleting the lesson deletes them from the index.
func indexSpoken(t *testing.T, x catalog.Index, _ job.Atomic) {
	es := spokenEntries()
	ok(t, x.Put(bg, es...))
	got, err := x.Entries(bg, "ham-so")
	ok(t, err)
	want := es[0]
	want.Spoken = nil
	if d := cmp.Diff([]catalog.Entry{want}, got); d != "" {
		t.Errorf("Entries (-want +got)\n%s", d)
	}
	for _, c := range []struct{ text, first, moment string }{
		{"parabol quay xuống", "ham-so", "20s parabol quay xuống"},
		{"parabol", "ham-so", "10s parabol"},
		{"parab", "ham-so", "10s parabol"},
		// a short word at the end is a whole one
		{"parabol quay xuong khi a", "ham-so", "20s Khi a parabol quay xuống"},
		{"toan 9 parabol", "ham-so", "10s parabol"},
		{"rung nui", "tay-tien", "20s rừng núi"},
		{"mường lát", "tay-tien", "30s Mường Lát"},
		// Lessons found by title, description or name come first, without a moment.
		{"đồ thị", "ham-so", ""},
		{"phương trình bậc hai một ẩn", "pt-bac-hai", ""},
		{"nguyen thi ha", "pt-bac-hai", ""},
		{"tây tiến", "tay-tien", ""},
	} {
		r, err := x.Search(bg, catalog.Query{Text: c.text})
		ok(t, err)
		if len(r.Hits) == 0 || r.Hits[0].Entry.LessonID != c.first &&
			!(c.text == "nguyen thi ha" && r.Hits[0].Entry.Teacher == "Nguyễn Thị Hà") {
			t.Errorf("%q finds %q, want %q first", c.text, hitIDs(r), c.first)
			continue
		}
		if got := formatMoment(r.Hits[0].Moment); got != c.moment {
			t.Errorf("%q: moment %q, want %q", c.text, got, c.moment)
		}
		if len(r.Hits[0].Entry.Spoken) > 0 {
			t.Errorf("%q: the hit carries all captions", c.text)
		}
	}
	// The chemistry lesson is found after the two mathematics lessons.
	r, err := x.Search(bg, catalog.Query{Text: "phương trình bậc hai"})
	ok(t, err)
	if last := r.Hits[len(r.Hits)-1]; last.Entry.LessonID != "can-bang" || last.Moment == nil {
		t.Errorf("found %q, want can-bang last with its moment", hitIDs(r))
	}
	// Words that are said minutes apart are not found together; filters and
	// facets hold for what is said too.
	if ids := found(t, x, catalog.Query{Text: "sông mã pha luông"}); len(ids) > 0 {
		t.Errorf("words of different moments find %q", ids)
	}
	if ids := found(t, x, catalog.Query{Text: "parabol", Grade: 12}); len(ids) > 0 {
		t.Errorf("another grade finds %q", ids)
	}
	if r, err = x.Search(bg, catalog.Query{Text: "parabol", Grade: 12}); err != nil || r.Facets.Grade[9] != 1 {
		t.Errorf("facets of captions: %v, %v", r.Facets.Grade, err)
	}
	// Suggestions come from titles, never from captions.
	if s, err := x.Suggest(bg, "parabol", 0, 5); err != nil || len(s) > 0 {
		t.Errorf("suggested %v, %v", s, err)
	}
	silent := es[0]
	silent.Spoken = nil
	ok(t, x.Put(bg, silent))
	wantIDs(t, found(t, x, catalog.Query{Text: "parabol quay xuong"}), "after deleting the captions")
	ok(t, x.Delete(bg, "tay-tien"))
	// A lesson with similar captions may be found instead.
	if ids := found(t, x, catalog.Query{Text: "rung nui"}); slices.Contains(ids, "tay-tien") {
		t.Errorf("after deleting the lesson: %q", ids)
	}
}

// formatMoment formats a moment: its time, and the words that matched.
func formatMoment(m *catalog.Moment) string {
	if m == nil {
		return ""
	}
	var out strings.Builder
	out.WriteString(m.From.String())
	for _, s := range m.Text {
		if s.Match {
			out.WriteString(" " + s.Text)
		}
	}
	return strings.TrimSpace(out.String())
}
