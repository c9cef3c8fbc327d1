// Package stream serves playlists, segments and posters: what a player asks
// for once it knows a lesson's package. Files below a package never change, so
// they may be kept for ever; playlists of a growing package are always asked
// for again.
package stream

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/caption"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/web/page"
)

// Base is the path that streams stand below.
const Base = "/watch/"

// Playlists writes a package's playlists from what is stored of it.
type Playlists interface {
	// Playlist gives the text of a playlist by its name below the package
	// ("master.m3u8", "360p.m3u8"), and whether it may still grow. The
	// addresses in it are relative to it. A package that is unknown or not
	// the lesson's, or an unknown name, is fault.NotFound.
	Playlist(ctx context.Context, lessonID, packageID, name string) (text []byte, growing bool, err error)
}

// Lessons reads a lesson without asking who wants to know.
type Lessons interface {
	Lesson(ctx context.Context, id string) (lesson.Lesson, error)
}

// People reads a person without checking rights.
type People interface {
	Person(ctx context.Context, id string) (people.Person, error)
}

// Captions reads the captions and chapters of a lesson without checking rights (caption.Service).
type Captions interface {
	Shown(ctx context.Context, lessons ...string) ([]caption.Caption, error)
	ChaptersOf(ctx context.Context, lessonID string) ([]caption.Chapter, error)
	ChaptersByLesson(ctx context.Context, lessons ...string) (map[string][]caption.Chapter, error)
}

// ServedCounter counts each whole or partial file that was sent, to compare the media in it with the seconds that
// players report as watched. It must not block.
type ServedCounter interface {
	Served(o production.Object, at time.Time, bytes int64)
}

// Handler is what the streams need.
type Handler struct {
	Playlists     Playlists
	Lessons       Lessons
	People        People        // the holders of tokens for unpublished lessons
	Captions      Captions      // nil: no captions
	Media         media.Store   // files are sent with sendfile when it is a media.Opener too
	Secret        []byte        // signs addresses of lessons that are not published
	ServedCounter ServedCounter // may be nil
	Now           func() time.Time
	accessCache   *accessCache
}

// New makes a Handler; see its fields.
func New(r Handler) Handler {
	r.accessCache = &accessCache{m: map[string]access{}, holders: map[string]holder{}}
	return r
}

// Forget makes the next request for a lesson read it again: it was taken down.
func (r Handler) Forget(lessonID string) { r.accessCache.forget(lessonID) }

// Routes of the streams.
func (r Handler) Routes() []page.Route {
	const path = Base + ":lesson/:package/*"
	return []page.Route{
		{Method: http.MethodGet, Path: path, Action: people.WatchLesson, Scope: page.Object, Handle: r.serve},
		{Method: http.MethodHead, Path: path, Action: people.WatchLesson, Scope: page.Object, Handle: r.serve},
	}
}

// Playback gives the whole addresses of a lesson's master playlist and poster,
// for somebody who may watch it; empty when it does not play yet, the poster
// also while the package grows. base is the
// scheme and host ("http://127.0.0.1:8080"), or "" for addresses within the
// site. An unpublished lesson's carry a token of the person signed in.
func (r Handler) Playback(ctx context.Context, base string, l lesson.Lesson) (hls, poster string) {
	if !l.Media.Playable || l.Media.PackageID == "" {
		return "", ""
	}
	token := r.token(ctx, l, l.Media.PackageID)
	hls = base + Base + production.MasterAddress(l.ID, l.Media.PackageID) + token
	if l.Media.State == lesson.Ready || l.Media.PackageID != l.Media.MakingID {
		poster = base + Base + production.PosterAddress(l.ID, l.Media.PackageID) + token
	}
	return hls, poster
}

// File gives the whole address of one of a lesson's plain files, by its name
// ("saver", "sound", "storyboard"), as Playback does; "" when there is none.
func (r Handler) File(ctx context.Context, base string, l lesson.Lesson, name string) string {
	path := l.File(name)
	if path == "" || !l.Media.Playable {
		return ""
	}
	return base + Base + l.ID + "/" + l.Media.PackageID + "/" + path + r.token(ctx, l, l.Media.PackageID)
}

// token is what the addresses of an unpublished lesson end with: a player may
// ask for them without the cookie. Nobody who is not signed in gets one.
func (r Handler) token(ctx context.Context, l lesson.Lesson, packageID string) string {
	by := page.VisitOf(ctx).Person
	if l.Object().Published || by.Anonymous() {
		return ""
	}
	return "?token=" + Pass{by.ID, l.ID, packageID}.Sign(r.Secret, r.Now().Add(TokenLife))
}

func (r Handler) serve(c echo.Context) error {
	address := c.Param("lesson") + "/" + c.Param("package") + "/" + c.Param("*")
	if lessonID, key, ok := caption.At(address); ok {
		return r.caption(c, lessonID, key)
	}
	if lessonID, ok := caption.ChaptersAt(address); ok && r.Captions != nil {
		return r.chapters(c, lessonID)
	}
	object, isObject := production.ObjectAt(address)
	lessonID, packageID, name, isPlaylist := production.PlaylistAt(address)
	if isObject {
		lessonID, packageID = object.Lesson, object.Package
	}
	// Anything that is not exactly such an address leads nowhere.
	if !isObject && !isPlaylist {
		return fault.New(fault.NotFound, "page.not_found")
	}
	token, shared, err := r.admit(c, lessonID, packageID)
	if err != nil {
		return err
	}
	if isPlaylist {
		return r.playlist(c, lessonID, packageID, name, token, shared)
	}
	if token != "" && object.ContentType == production.BoardType {
		return r.board(c, object, token)
	}
	return r.file(c, object, shared)
}

// admit lets in whoever may watch the package: everybody when the lesson is
// published; else the person signed in, or the bearer of a token while its
// person may. shared says
// that caches on the way may keep what is sent.
func (r Handler) admit(c echo.Context, lessonID, packageID string) (token string, shared bool, err error) {
	d, known, err := r.accessCache.of(c.Request().Context(), r.Lessons, lessonID, r.Now())
	if err != nil {
		return "", false, err
	}
	token, shared, err = r.judge(c, d, lessonID, packageID)
	if err != nil && known {
		// It may have been published this second: nobody is turned away by an
		// old look.
		r.accessCache.forget(lessonID)
		return r.admit(c, lessonID, packageID)
	}
	return token, shared, err
}

func (r Handler) judge(c echo.Context, d access, lessonID, packageID string) (token string, shared bool, err error) {
	// A replacement in the making waits until it is verified and playing.
	if d.object.Published && packageID != d.making {
		return "", true, nil
	}
	o := d.object
	o.Published = false
	if t := c.QueryParam("token"); t != "" && !o.Deleted {
		if p, ok := ReadPass(r.Secret, lessonID, packageID, t, r.Now()); ok {
			holder, err := r.accessCache.holder(c.Request().Context(), r.People, p.Person, r.Now())
			if err != nil {
				return "", false, err
			}
			if people.May(holder, people.WatchLesson, o) {
				return t, false, nil
			}
		}
	}
	by := page.Who(c)
	if people.May(by, people.WatchLesson, o) {
		return "", false, nil
	}
	if by.Anonymous() {
		return "", false, fault.New(fault.NotFound, "lesson.not_found")
	}
	return "", false, fault.New(fault.Forbidden, "access.denied")
}
