package student

import (
	"context"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/bookmark"
	"lenlop/services/catalog"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

// marks are one person's bookmarks.
type marks []bookmark.Bookmark

func (m marks) Of(_ context.Context, by people.Person, lessonID string) (bookmark.Bookmark, error) {
	for _, b := range m {
		if b.PersonID == by.ID && b.LessonID == lessonID {
			return b, nil
		}
	}
	return bookmark.Bookmark{}, nil
}

func (m marks) GoOn(_ context.Context, by people.Person, _ int) ([]bookmark.Bookmark, error) {
	return slices.DeleteFunc(slices.Clone(m), func(b bookmark.Bookmark) bool { return b.PersonID != by.ID }), nil
}

func TestNextLessonFollowsTheWeeks(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 8, 0, 0, 0, time.UTC) }
	e := func(id, teacher, school string, week, published int) catalog.Entry {
		return catalog.Entry{LessonID: id, TeacherID: teacher, SchoolID: school, Week: week,
			PublishedAt: day(published)}
	}
	l := lesson.Lesson{ID: "now", TeacherID: "lan", SchoolID: "s1", Week: 12, PublishedAt: day(10)}
	for name, c := range map[string]struct {
		week int
		es   []catalog.Entry
		want string
	}{
		"the same teacher's second part": {12,
			[]catalog.Entry{e("now", "lan", "s1", 12, 10), e("part-2", "lan", "s1", 12, 11)}, "part-2"},
		"not the first part, nor others'": {12,
			[]catalog.Entry{e("part-0", "lan", "s1", 12, 9), e("other", "mai", "s1", 12, 11)}, ""},
		"rather the same teacher's": {13, []catalog.Entry{e("far", "hoa", "s2", 13, 1),
			e("near", "mai", "s1", 13, 2), e("own", "lan", "s1", 13, 3)}, "own"},
		"rather the same school's": {13,
			[]catalog.Entry{e("far", "hoa", "s2", 13, 1), e("near", "mai", "s1", 13, 2)}, "near"},
		"the first of several": {13,
			[]catalog.Entry{e("b", "hoa", "s2", 13, 2), e("a", "hoa", "s2", 13, 1)}, "a"},
		"what the index says wrongly": {13, []catalog.Entry{e("b", "lan", "s1", 14, 2)}, ""},
		"nothing":                     {13, nil, ""},
	} {
		got := ""
		if n := nextIn(l, c.week, c.es); n != nil {
			got = n.LessonID
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestGoingOnOnAnyDevice(t *testing.T) {
	town := newTown()
	length := town.lessons["ham-so"].Media.Duration
	town.marks = marks{{PersonID: "em", LessonID: "ham-so", At: 754, Length: length, Seen: now},
		{PersonID: "em", LessonID: "gone", At: 60, Length: 600, Seen: now},
		{PersonID: "ban", LessonID: "he-thuc", At: 60, Length: 600, Seen: now}}
	v := visitor{t: t, town: town}
	body := v.get("/lessons/ham-so")
	want(t, body, `class="go-on no-print" hidden`)
	lack(t, body, "data-signed")
	v.who = people.Person{ID: "em", Active: true, Grants: []people.Grant{{Role: people.Student, School: "s1"}}}
	body = v.get("/lessons/ham-so")
	want(t, body, `data-signed="754.0"`, `href="#t=754.0"`, "Xem tiếp từ 12:34")
	lack(t, body, `class="go-on no-print" hidden`)
	if strings.Index(body, "/around") > strings.Index(body, "/player-") {
		t.Error("the player would begin before it knows where")
	}
	body = v.get("/")
	want(t, body, "Xem tiếp", "Đã xem đến 12:34", `href="/lessons/ham-so"`)
	lack(t, body[:strings.Index(body, "</main>")], `data-lesson="gone"`, `data-lesson="he-thuc"`)
	if ks := v.request(httptest.NewRequest("GET", "/lessons/ham-so", nil)).Result().Cookies(); len(ks) != 0 {
		t.Errorf("the device learns what a student watches: %v", ks)
	}
}

var metaTag = regexp.MustCompile(`<meta (?:property|name)="([^"]+)" content="([^"]*)"`)

func TestLinkCardOnlyOfPublished(t *testing.T) {
	v := visitor{t: t, town: newTown()}
	l := v.town.lessons["ham-so"]
	l.Title = hostile
	v.town.lessons["ham-so"] = l
	tags := map[string]string{}
	for _, m := range metaTag.FindAllStringSubmatch(v.get("/lessons/ham-so"), -1) {
		tags[m[1]] = m[2]
	}
	const escaped = "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&gt;"
	for k, want := range map[string]string{"og:type": "video.other", "og:title": escaped, "twitter:title": escaped,
		"og:url":        "http://lop.test/lessons/ham-so",
		"og:image":      "http://lop.test/watch/ham-so/p1/poster.jpg",
		"twitter:image": "http://lop.test/watch/ham-so/p1/poster.jpg", "twitter:card": "summary_large_image",
		"og:image:type": "image/jpeg"} {
		if tags[k] != want {
			t.Errorf("%s is %q, want %q", k, tags[k], want)
		}
	}
	v.who = people.Person{ID: "lan", Name: "Lan", Active: true,
		Grants: []people.Grant{{Role: people.Teacher, School: "s1"}}}
	lack(t, v.get("/lessons/nhap"), "og:", "twitter:", "canonical", "/embed/", `class="share"`)
}

func TestEmbedIsForAnybodyAndOnlyIt(t *testing.T) {
	v := visitor{t: t, town: newTown()}
	w := v.request(httptest.NewRequest("GET", "/embed/ham-so", nil))
	body := w.Body.String()
	want(t, body, "<video controls", `data-lesson="ham-so"`, `href="/lessons/ham-so" target="_blank"`, "/embed-")
	if w.Code != 200 || w.Header().Get("X-Frame-Options") != "" || len(w.Result().Cookies()) != 0 {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	// A teacher who is signed in sees in a frame what everybody sees.
	v.who = people.Person{ID: "lan", Name: "Lan Riêng", Active: true,
		Grants: []people.Grant{{Role: people.Teacher, School: "s1"}}}
	if w := v.request(httptest.NewRequest("GET", "/embed/nhap", nil)); w.Code != 404 {
		t.Errorf("a draft in a frame: %d", w.Code)
	}
	lack(t, v.get("/embed/ham-so"), "Lan Riêng")
	want(t, v.get("/lessons/ham-so"), "&lt;iframe src=&#34;http://lop.test/embed/ham-so&#34;")
	v.town.embed = NoEmbed
	if w := v.request(httptest.NewRequest("GET", "/embed/ham-so", nil)); w.Code != 404 {
		t.Errorf("switched off: %d", w.Code)
	}
	lack(t, v.get("/lessons/ham-so"), "iframe")
}
