package stream

import (
	"context"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/caption"
	"lenlop/services/lesson"
	"lenlop/services/production"
	"lenlop/web/page"
)

// Tracks gives the addresses of a lesson's captions, in order of language, and
// of its chapters, for somebody who may watch it. base is as for Playback.
func (r Handler) Tracks(ctx context.Context, base string, l lesson.Lesson) (page.Tracks, error) {
	all, err := r.TracksOf(ctx, base, l)
	return all[l.ID], err
}

// TracksOf is Tracks of several lessons, by lesson, in two queries.
func (r Handler) TracksOf(ctx context.Context, base string, lessons ...lesson.Lesson) (map[string]page.Tracks, error) {
	if r.Captions == nil || len(lessons) == 0 {
		return nil, nil
	}
	ids := make([]string, len(lessons))
	for i, l := range lessons {
		ids[i] = l.ID
	}
	captions, err := r.Captions.Shown(ctx, ids...)
	if err != nil {
		return nil, err
	}
	chapters, err := r.Captions.ChaptersByLesson(ctx, ids...)
	if err != nil {
		return nil, err
	}
	all := make(map[string]page.Tracks, len(lessons))
	for _, l := range lessons {
		token := r.token(ctx, l, caption.Folder)
		t := page.Tracks{Chapters: chapters[l.ID]}
		for _, c := range captions {
			if c.LessonID == l.ID {
				t.Captions = append(t.Captions,
					page.CaptionTrack{Language: c.Language, Address: base + Base + caption.Address(c) + token})
			}
		}
		if len(t.Chapters) > 0 {
			t.ChaptersAddress = base + Base + caption.ChaptersAddress(l.ID) + token
		}
		all[l.ID] = t
	}
	return all, nil
}

// maxCaptions bounds what is compressed at once: what a teacher hands in is
// under 1 MiB (caption.MaxBytes), and may grow as it is written out.
const maxCaptions = 4 << 20

// caption sends one version of captions, which never changes.
func (r Handler) caption(c echo.Context, lessonID, key string) error {
	_, shared, err := r.admit(c, lessonID, caption.Folder)
	if err != nil {
		return err
	}
	o := production.Object{Lesson: lessonID, Key: key, ContentType: caption.Type}
	if q := c.Request().Header; q.Get("Range") != "" || !strings.Contains(q.Get("Accept-Encoding"), "gzip") {
		return r.file(c, o, shared)
	}
	text, stored, err := r.readText(c.Request().Context(), key, maxCaptions)
	if err != nil {
		return r.file(c, o, shared) // which says what is wrong with it
	}
	keep(c, o, shared)
	return sendText(c, stored.ETag, text)
}

// chapters sends a lesson's chapters as they are now.
func (r Handler) chapters(c echo.Context, lessonID string) error {
	if _, _, err := r.admit(c, lessonID, caption.Folder); err != nil {
		return err
	}
	l, err := r.Lessons.Lesson(c.Request().Context(), lessonID)
	if err != nil {
		return err
	}
	list, err := r.Captions.ChaptersOf(c.Request().Context(), lessonID)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, caption.Type)
	h.Set("Cache-Control", "private, no-cache")
	return sendText(c, "", []byte(caption.WriteChapters(list, caption.Length(l))))
}
