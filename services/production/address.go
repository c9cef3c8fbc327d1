package production

import (
	"regexp"
	"strings"

	"lenlop/services/media"
)

// The addresses of a lesson's package, below /watch/:
//
//	/watch/{lesson}/{package}/master.m3u8                          names the rungs
//	/watch/{lesson}/{package}/{rung}.m3u8                          finished: VOD
//	/watch/{lesson}/{package}/{rung}.event.m3u8                    growing: EVENT, also once finished, when it ends
//	/watch/{lesson}/{package}/{rung}/{piece}-{token}/init.mp4      init section
//	/watch/{lesson}/{package}/{rung}/{piece}-{token}/{n}.m4s       media segment
//	/watch/{lesson}/{package}/poster.jpg
//	/watch/{lesson}/{package}/files/0-{token}/saver.mp4            plain files: sound.m4a, storyboard.vtt and .jpg too
//
// Playlists name what is below them relatively, so the folder may be mounted
// anywhere. Everything but playlists never changes and may be cached for a year.

const (
	masterFile = "master.m3u8"
	posterFile = "poster.jpg"
	eventTail  = ".event.m3u8"
	finalTail  = ".m3u8"
)

// objectPath is the shape of what may be fetched from storage; ids, rungs and
// files are named by us, so nothing else exists.
var objectPath = regexp.MustCompile(
	`^([A-Za-z0-9_-]{1,64})/([A-Za-z0-9_-]{1,64})/(poster\.jpg|[a-z0-9]{1,16}/[0-9]{1,6}-[0-9]{1,19}/(?:init\.mp4|[0-9]{1,6}\.m4s|saver\.mp4|sound\.m4a|storyboard\.(?:vtt|jpg)))$`)

// playlistPath is the shape of playlists' addresses.
var playlistPath = regexp.MustCompile(
	`^([A-Za-z0-9_-]{1,64})/([A-Za-z0-9_-]{1,64})/([a-z0-9]{1,16}(?:\.event)?\.m3u8)$`)

// BoardType is the content type of a storyboard's index, the only WebVTT
// among a package's objects.
const BoardType = "text/vtt; charset=utf-8"

// Object is a stored, never changing file of a package.
type Object struct {
	Lesson      string
	Package     string
	Key         string // media key
	ContentType string
}

// ObjectAt gives the object at the address that follows "/watch/"; ok is
// false for anything that is not exactly such an address, so no path can
// lead out of a package's folder.
func ObjectAt(address string) (o Object, ok bool) {
	m := objectPath.FindStringSubmatch(address)
	if m == nil {
		return Object{}, false
	}
	return Object{Lesson: m[1], Package: m[2], Key: media.Output(m[1], m[2], "", m[3]),
		ContentType: contentType(m[3])}, true
}

// PlaylistAt splits a playlist's address that follows "/watch/".
func PlaylistAt(address string) (lesson, pkg, file string, ok bool) {
	m := playlistPath.FindStringSubmatch(address)
	if m == nil {
		return "", "", "", false
	}
	return m[1], m[2], m[3], true
}

// MasterAddress is where a player begins, following "/watch/".
func MasterAddress(lesson, pkg string) string { return lesson + "/" + pkg + "/" + masterFile }

// PosterAddress is the lesson's picture, following "/watch/"; it is there once
// the package is finished, unless the recording has no picture.
func PosterAddress(lesson, pkg string) string { return lesson + "/" + pkg + "/" + posterFile }

// relative is a segment's address in its playlists.
func relative(p Package, key string) string {
	return strings.TrimPrefix(key, media.PackagePrefix(p.LessonID, p.ID))
}
