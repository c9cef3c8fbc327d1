package caption

import (
	"regexp"
	"strings"

	"lenlop/services/media"
)

// Folder is part of the addresses of what is written along with a lesson, below /watch/:
//
//	/watch/{lesson}/captions/{language}.{version}.vtt   never changes
//	/watch/{lesson}/captions/chapters.vtt
//
// It stands where a package's id would, so the token of an unpublished
// lesson's captions is one for it.
const Folder = "captions"

var captionPath = regexp.MustCompile(`^([A-Za-z0-9_-]{1,64})/captions/([A-Za-z0-9-]{2,35})\.([A-Za-z0-9-]{1,64})\.vtt$`)

// Address is where a version of captions is, following "/watch/".
func Address(c Caption) string {
	return c.LessonID + "/" + strings.TrimPrefix(c.Key, media.Prefix(c.LessonID))
}

// ChaptersAddress is where a lesson's chapters are, following "/watch/".
func ChaptersAddress(lesson string) string { return lesson + "/" + Folder + "/chapters.vtt" }

// At gives the object at an address of captions that follows "/watch/".
func At(address string) (lesson, key string, ok bool) {
	m := captionPath.FindStringSubmatch(address)
	if m == nil {
		return "", "", false
	}
	return m[1], media.Caption(m[1], m[2], m[3]), true
}

// ChaptersAt gives the lesson whose chapters are at an address.
func ChaptersAt(address string) (lesson string, ok bool) {
	lesson, ok = strings.CutSuffix(address, "/"+Folder+"/chapters.vtt")
	return lesson, ok && lesson != "" && !strings.Contains(lesson, "/")
}
