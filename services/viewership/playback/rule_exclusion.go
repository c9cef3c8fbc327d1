package playback

import (
	"strings"

	"lenlop/services/lesson"
	"lenlop/services/people"
)

// Reasons why a session is excluded from the counts, stored and shown apart.
const (
	OwnTeacher     = "own_teacher"
	Unpublished    = "unpublished"
	Robot          = "robot"
	FasterThanTime = "faster_than_time"
	FlaggedViewer  = "flagged"
)

// exclusionAtOpen is the reason known when a session is opened, or "".
func exclusionAtOpen(by people.Person, l lesson.Lesson, userAgent string) string {
	switch {
	case !by.Anonymous() && (by.ID == l.TeacherID || by.ID == l.UploaderID):
		return OwnTeacher
	case !l.Object().Published:
		return Unpublished
	case DeclaredRobot(userAgent):
		return Robot
	}
	return ""
}

// DeclaredRobot reports whether a user agent declares itself a robot: a word that
// ends in "bot", or a crawler's, spider's or link previewer's name. Cubot makes
// phones.
func DeclaredRobot(userAgent string) bool {
	words := strings.FieldsFunc(strings.ToLower(userAgent), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	for _, w := range words {
		switch {
		case w == "cubot":
		case strings.HasSuffix(w, "bot"), strings.Contains(w, "crawler"), strings.Contains(w, "spider"),
			w == "facebookexternalhit", w == "slurp", w == "zalopreview", w == "archiver":
			return true
		}
	}
	return false
}

// exclusionReason is why a session is excluded from the counts, or "". flagged
// is web-flag/1's verdict on its viewer and day.
func exclusionReason(s Session, flagged bool) string {
	switch {
	case s.Excluded != "":
		return s.Excluded
	case flagged:
		return FlaggedViewer
	case !Plausible(s):
		return FasterThanTime
	}
	return ""
}
