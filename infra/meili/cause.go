package meili

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/meilisearch/meilisearch-go"

	"lenlop/services/fault"
)

// answer is an error of Meilisearch without the request and response that the
// library's error repeats, because they contain what people search for.
type answer struct {
	text   string
	status int // of the response; 0 without one
	code   string
}

func (a *answer) Error() string { return a.text }

// newAnswer keeps what may be shown and logged of an error.
func newAnswer(err error) *answer {
	var a *answer
	var e *meilisearch.Error
	var t *taskError
	switch {
	case errors.As(err, &a):
		return a
	case errors.As(err, &t):
		return &answer{text: t.Error(), code: t.code}
	case !errors.As(err, &e):
		return &answer{text: err.Error()}
	case e.StatusCode == 0 && e.OriginError != nil:
		return &answer{text: fmt.Sprintf("%s %s: %v", e.Method, e.Endpoint, e.OriginError)}
	}
	return &answer{status: e.StatusCode, code: e.MeilisearchApiError.Code,
		text: fmt.Sprintf("%s %s: status %d %s", e.Method, e.Endpoint, e.StatusCode, e.MeilisearchApiError.Code)}
}

// refusal is the code with which Meilisearch refused a request or failed a task,
// "" when it did not answer at all. A proxy's refusal has no code but its status.
func (a *answer) refusal() string {
	switch {
	case a.status >= http.StatusInternalServerError:
		return ""
	case a.code != "":
		return a.code
	case a.status != 0:
		return fmt.Sprintf("status %d", a.status)
	}
	return ""
}

// Cause says in a few words why Meilisearch is not used: "refuses: CODE" or "does
// not answer".
func Cause(err error) string {
	if code := newAnswer(err).refusal(); code != "" {
		return "refuses: " + code
	}
	return "does not answer"
}

// code of Meilisearch's answer, "" without one.
func code(err error) string {
	if err == nil {
		return ""
	}
	return newAnswer(err).code
}

// notFound reports that Meilisearch has no index of the name.
func notFound(err error) bool { return code(err) == "index_not_found" }

// unavailable classifies an error of Meilisearch, so that a job waits until it
// answers instead of counting a failed attempt.
func unavailable(err error, noun string) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(fmt.Errorf("meilisearch: %s: %w", noun, newAnswer(err)), fault.Unavailable,
		"catalog.unavailable")
}
