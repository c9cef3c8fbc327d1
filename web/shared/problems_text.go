package shared

import (
	"net/url"
	"strconv"

	"github.com/a-h/templ"
)

// at is the address of another page of the list.
func (v problemListing) at(n int) templ.SafeURL {
	return templ.SafeURL(ListPath + "?" + url.Values{"state": {string(v.State)}, "page": {strconv.Itoa(n)}}.Encode())
}

// typed is the answer that was refused, in the group it was meant for.
func (v problemListing) typed(e problemEntry) string {
	if v.Failed != e.LessonID+string(e.Kind) {
		return ""
	}
	return v.Form.Get("answer", "")
}
