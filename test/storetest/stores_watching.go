package storetest

import (
	"testing"
	"time"

	"lenlop/services/bookmark"
	"lenlop/services/feedback"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

// watched saves three lessons of two teachers, and two viewers.
func watched(t *testing.T, s Stores) {
	t.Helper()
	for i, id := range []string{"l1", "l2", "l3"} {
		l := lesson.Lesson{ID: id, Title: id, Subject: "toan", Grade: 9, TeacherID: "t1", UploaderID: "t1",
			SchoolID: "s1", Status: lesson.Published, CreatedAt: kept(moment(i))}
		if id == "l3" {
			l.TeacherID, l.UploaderID, l.SchoolID = "t2", "", "s2"
		}
		ok(t, s.Lessons.Save(bg, l))
	}
	for _, id := range []string{"v1", "v2"} {
		ok(t, s.People.SavePerson(bg, people.Person{ID: id, Username: id, Name: id, Active: true,
			CreatedAt: kept(moment(0))}))
	}
}

// Bookmarks tests an implementation of bookmark.Store.
func Bookmarks(t *testing.T, open Open) {
	s := open(t)
	watched(t, s)
	mark := func(person, lesson string, at float64, minute int) bookmark.Bookmark {
		return bookmark.Bookmark{PersonID: person, LessonID: lesson, At: at, Length: 600, Seen: kept(moment(minute))}
	}
	read := func(person, lesson string) bookmark.Bookmark {
		t.Helper()
		return must(s.Bookmarks.Bookmark(bg, person, lesson))(t)
	}
	same(t, read("v1", "l1"), bookmark.Bookmark{})
	a := mark("v1", "l1", 120.5, 10)
	// Bookmarks of deleted persons and lessons are skipped; the others of the same call are saved.
	ok(t, s.Bookmarks.SaveBookmarks(bg, mark("gone", "l1", 60, 10), a, mark("v1", "gone", 60, 10),
		mark("v2", "l1", 300, 11)))
	same(t, read("v1", "l1"), a)
	same(t, read("gone", "l1"), bookmark.Bookmark{})
	// The latest Seen wins, whatever the order of saving.
	ok(t, s.Bookmarks.SaveBookmarks(bg, mark("v1", "l1", 30, 9)))
	same(t, read("v1", "l1"), a)
	ok(t, s.Bookmarks.SaveBookmarks(bg, mark("v1", "l1", 30, 12), mark("v1", "l2", 200, 11), mark("v1", "l3", 590, 13)))
	same(t, must(s.Bookmarks.Unfinished(bg, "v1", 5))(t),
		[]bookmark.Bookmark{mark("v1", "l1", 30, 12), mark("v1", "l2", 200, 11)})
	same(t, must(s.Bookmarks.Unfinished(bg, "v1", 1))(t), []bookmark.Bookmark{mark("v1", "l1", 30, 12)})
	ok(t, s.Bookmarks.SaveBookmarks(bg, mark("v1", "l3", 100, 14))) // started again
	same(t, len(must(s.Bookmarks.Unfinished(bg, "v1", 5))(t)), 3)

	same(t, must(s.Bookmarks.ForgetBookmarks(bg, moment(12)))(t), 2)
	same(t, must(s.Bookmarks.ForgetBookmarks(bg, moment(12)))(t), 0)
	same(t, read("v2", "l1"), bookmark.Bookmark{})
	same(t, read("v1", "l1"), mark("v1", "l1", 30, 12))
}

// Problems tests an implementation of feedback.Store.
func Problems(t *testing.T, open Open) {
	s := open(t)
	watched(t, s)
	n := 0
	report := func(lesson string, k feedback.Kind, reporter, person, text string, minute int) {
		t.Helper()
		n++
		ok(t, s.Problems.Report(bg, feedback.Problem{ID: "p" + string(rune('a'+n)), LessonID: lesson, Kind: k,
			Text: text, Times: 1, Reporter: reporter, PersonID: person,
			First: moment(minute), Last: moment(minute), State: feedback.Open}))
	}
	report("l1", feedback.Sound, "r1", "v1", "Không nghe gì", 1)
	report("l1", feedback.Sound, "r1", "v1", "", 3) // the same viewer again, without a text: the earlier text is kept
	report("l1", feedback.Sound, "r2", "", "Mất tiếng từ phút 2", 2)
	report("l1", feedback.Picture, "r1", "v1", "", 4)
	report("l3", feedback.Other, "r3", "", "<b>", 5)
	same(t, must(s.Problems.OpenOf(bg, "l1"))(t), 3)
	groups := func(f feedback.Filter) []feedback.Group {
		t.Helper()
		if f.Limit == 0 {
			f.Limit = 10
		}
		return must(s.Problems.Groups(bg, f))(t)
	}
	sound := feedback.Group{LessonID: "l1", Kind: feedback.Sound, State: feedback.Open, Viewers: 2,
		Last: kept(moment(3))}
	picture := feedback.Group{LessonID: "l1", Kind: feedback.Picture, State: feedback.Open, Viewers: 1,
		Last: kept(moment(4))}
	other := feedback.Group{LessonID: "l3", Kind: feedback.Other, State: feedback.Open, Viewers: 1,
		Last: kept(moment(5))}
	same(t, groups(feedback.Filter{All: true, State: feedback.Open}), []feedback.Group{other, picture, sound})
	same(t, groups(feedback.Filter{All: true, State: feedback.Open, Limit: 1, Offset: 1}), []feedback.Group{picture})
	same(t, groups(feedback.Filter{Owner: "t1", State: feedback.Open}), []feedback.Group{picture, sound})
	same(t, groups(feedback.Filter{Schools: []string{"s2"}, State: feedback.Open}), []feedback.Group{other})
	same(t, len(groups(feedback.Filter{State: feedback.Open})), 0)
	texts := func(ps []feedback.Problem) (out []string) {
		for _, p := range ps {
			out = append(out, p.Text)
		}
		return out
	}
	same(t, texts(must(s.Problems.Said(bg, "l1", feedback.Sound, feedback.Open, 5))(t)),
		[]string{"Không nghe gì", "Mất tiếng từ phút 2"})

	same(t, must(s.Problems.Answer(bg, "l1", feedback.Sound, "t1", "Đã ghi lại tiếng", moment(6)))(t), 2)
	same(t, must(s.Problems.Answer(bg, "l1", feedback.Sound, "t1", "Lần nữa", moment(7)))(t), 0)
	report("l1", feedback.Sound, "r1", "v1", "Vẫn mất tiếng", 8) // a new problem, because the old one is closed
	same(t, must(s.Problems.OpenOf(bg, "l1"))(t), 2)
	mine := must(s.Problems.OfPerson(bg, "l1", "v1", 2))(t)
	same(t, texts(mine), []string{"Vẫn mất tiếng", ""})
	closed := groups(feedback.Filter{Owner: "t1", State: feedback.Answered})
	same(t, closed, []feedback.Group{{LessonID: "l1", Kind: feedback.Sound, State: feedback.Answered, Viewers: 2,
		Last: kept(moment(3)), Answer: "Đã ghi lại tiếng"}})
	old := must(s.Problems.Said(bg, "l1", feedback.Sound, feedback.Answered, 1))(t)
	same(t, old, []feedback.Problem{{ID: "pb", LessonID: "l1", Kind: feedback.Sound, Text: "Không nghe gì", Times: 2,
		Reporter: "r1", PersonID: "v1",
		First: kept(moment(1)), Last: kept(moment(3)), State: feedback.Answered, Answer: "Đã ghi lại tiếng",
		AnsweredBy: "t1", AnsweredAt: kept(moment(6))}})

	same(t, must(s.Problems.ForgetProblems(bg, moment(5)))(t), 3)
	same(t, must(s.Problems.ForgetProblems(bg, moment(5)))(t), 0)
	same(t, must(s.Problems.ForgetProblems(bg, moment(5).Add(time.Hour)))(t), 2)
}
