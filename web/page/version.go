package page

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"lenlop/services/lesson"
)

// Version is the entity tag of what a form or a call of the API changes. It
// depends on that alone: the progress of a recording is no reason to refuse a
// new title.
func Version(parts ...any) string {
	raw, _ := json.Marshal(parts) // plain values: cannot fail
	sum := sha256.Sum256(raw)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// TextVersion is the entity tag of a lesson's text.
func TextVersion(l lesson.Lesson) string {
	return Version(l.Title, l.Description, l.Subject, l.Grade, l.Week, l.Language)
}
