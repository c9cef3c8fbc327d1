package inspection

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"lenlop/services/backup"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/production"
)

// margin is the time that clean-up has to run before fsck reports what it leaves behind.
const margin = 24 * time.Hour

// grace is how old an object must be before it is one too many. Nothing writes below prefixes that are not registered.
func grace(key string) time.Duration {
	if p, ok := media.PrefixOf(key); ok {
		return p.Patience + margin
	}
	return 2 * margin
}

// storage goes through everything that storage holds, lesson by lesson, and
// then through the lessons that it holds nothing of.
func (i *Inspection) storage(ctx context.Context) error {
	ids, err := i.Book.LessonIDs(ctx)
	if err != nil {
		return err
	}
	left := make(map[string]bool, len(ids))
	for _, id := range ids {
		left[id] = true
	}
	notices, err := i.Book.NoticeObjects(ctx)
	if err != nil {
		return err
	}
	var now string
	var some, rest []media.Object
	var failed error
	flush := func() {
		if len(some) > 0 && failed == nil {
			delete(left, now)
			failed = i.lesson(ctx, now, some)
		}
		some = nil
	}
	err = i.Media.List(ctx, "", func(o media.Object) bool {
		i.seen.Objects++
		id := media.LessonOf(o.Key)
		if id == "" {
			rest = append(rest, o)
			return true
		}
		if id != now {
			flush()
			now = id
		}
		some = append(some, o)
		return failed == nil
	})
	flush()
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	for _, id := range ids {
		if left[id] {
			if err := i.lesson(ctx, id, nil); err != nil {
				return err
			}
		}
	}
	return i.others(ctx, rest, notices)
}

// lesson holds one lesson's rows against its objects.
func (i *Inspection) lesson(ctx context.Context, id string, objects []media.Object) error {
	l, err := i.Book.LessonObjects(ctx, id)
	if err != nil {
		return fmt.Errorf("lesson %s: %w", id, err)
	}
	i.seen.Lessons++
	have := make(map[string]media.Object, len(objects))
	for _, o := range objects {
		have[o.Key] = o
	}
	known := map[string]bool{}
	for _, r := range l.Recordings {
		if !r.GoneAt.IsZero() {
			continue
		}
		known[r.Key] = true
		if err := i.object(ctx, "I1", "recording "+r.ID, Object{Key: r.Key, Size: r.Size, SHA256: r.SHA256},
			have); err != nil {
			return err
		}
		if r.State == lesson.Failed && r.FailureCode == "" {
			i.report("I2", "recording "+r.ID, "it failed without a reason for its teacher")
		}
	}
	for _, x := range l.Others {
		known[x.Key] = true
		if err := i.object(ctx, "I1", x.What+" "+x.Key, x, have); err != nil {
			return err
		}
	}
	folders := map[string]bool{}
	for _, p := range l.Packages {
		if err := i.pkg(ctx, l, p, have, folders); err != nil {
			return err
		}
	}
	if l.Playable && !slices.ContainsFunc(l.Packages, func(p Package) bool { return p.ID == l.PackageID }) {
		i.report("I3", "lesson "+id, "it is playable, and its package %s is not in the database", l.PackageID)
	}
	i.unknown(l, objects, known, folders)
	return nil
}

// object holds one object against what the database says of it.
func (i *Inspection) object(ctx context.Context, invariant, subject string, x Object,
	have map[string]media.Object) error {
	o, ok := have[x.Key]
	switch {
	case !ok:
		i.report(invariant, subject, "storage does not have it")
	case x.Size >= 0 && o.Size != x.Size:
		i.report(invariant, subject, "storage has %d bytes of it, and the database %d", o.Size, x.Size)
	case x.SHA256 != "" && !i.Quick:
		sum, n, err := backup.Sum(ctx, i.Media, x.Key)
		if err != nil {
			return err
		}
		i.seen.Bytes += n
		if sum != x.SHA256 {
			i.report(invariant, subject, "its bytes are not those that were stored")
		}
	}
	return nil
}

// pkg holds a package's segments and playlists against storage.
func (i *Inspection) pkg(ctx context.Context, l Lesson, p Package, have map[string]media.Object,
	folders map[string]bool) error {
	root := media.PackagePrefix(l.ID, p.ID)
	folders[root] = true
	segments := map[string]bool{}
	for _, s := range p.Segments {
		i.seen.Segments++
		folders[s.Key[:strings.LastIndexByte(s.Key, '/')+1]] = true
		segments[s.Key] = true
		o, ok := have[s.Key]
		switch {
		case p.State == production.Broken || !p.RetiredAt.IsZero(): // on its way out
		case !ok:
			i.report("I3", "segment "+s.Key, "the database names it, and storage does not have it")
		case o.Size != s.Size:
			i.report("I3", "segment "+s.Key, "storage has %d bytes of it, and the database %d", o.Size, s.Size)
		case !i.Quick:
			if err := i.object(ctx, "I3", "segment "+s.Key, Object{Key: s.Key, Size: s.Size, SHA256: s.SHA256},
				have); err != nil {
				return err
			}
		}
	}
	for _, f := range p.Files {
		folders[f.Key[:strings.LastIndexByte(f.Key, '/')+1]] = true
		if p.RetiredAt.IsZero() {
			if err := i.object(ctx, "I3", "file "+f.Key, Object{Key: f.Key, Size: f.Size}, have); err != nil {
				return err
			}
		}
	}
	if p.FinishedAt.IsZero() || p.State == production.Broken || !p.RetiredAt.IsZero() {
		return nil
	}
	if l.PackageID == p.ID {
		i.finished = append(i.finished, p)
	}
	if _, ok := have[root+"master.m3u8"]; !ok {
		i.report("I3", "package "+p.ID, "it is finished, and its master playlist is not in storage")
	}
	for key := range have {
		if strings.HasPrefix(key, root) && strings.HasSuffix(key, ".m3u8") {
			if err := i.playlist(ctx, root, key, segments, have); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxPlaylist bounds what is read of a playlist, bytes.
const maxPlaylist = 4 << 20

// playlist looks at what a stored playlist names.
func (i *Inspection) playlist(ctx context.Context, root, key string, segments map[string]bool,
	have map[string]media.Object) error {
	body, _, err := i.Media.Get(ctx, key, media.All)
	if err != nil {
		return err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, maxPlaylist))
	if err != nil {
		return fmt.Errorf("playlist %s: %w", key, err)
	}
	t := strings.TrimSpace(string(text))
	master := strings.Contains(t, "#EXT-X-STREAM-INF")
	if !strings.HasPrefix(t, "#EXTM3U") || !master && !strings.HasSuffix(t, "#EXT-X-ENDLIST") {
		i.report("I3", "playlist "+key, "it is cut, or no playlist at all")
		return nil
	}
	for _, name := range named(t) {
		if _, ok := have[root+name]; !ok {
			i.report("I3", "playlist "+key, "it names %s, and storage does not have it", name)
		} else if !master && !segments[root+name] {
			i.report("I3", "playlist "+key, "it names %s, and the database does not know that segment", name)
		}
	}
	return nil
}

// named lists the addresses in a playlist: lines that are no tag, and URI="...".
func named(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, line)
		} else if _, uri, ok := strings.Cut(line, `URI="`); ok {
			uri, _, _ = strings.Cut(uri, `"`)
			list = append(list, uri)
		}
	}
	return list
}

// unknown finds objects of a lesson that no row names, beyond their grace.
func (i *Inspection) unknown(l Lesson, objects []media.Object, known, folders map[string]bool) {
	for _, o := range objects {
		if known[o.Key] || !l.Gone && folders[o.Key[:strings.LastIndexByte(o.Key, '/')+1]] {
			continue
		}
		old := grace(o.Key)
		if l.Gone {
			old = media.Erased + margin
		}
		i.orphan(o, old)
	}
}

func (i *Inspection) orphan(o media.Object, old time.Duration) {
	if i.Now().Sub(o.ModifiedAt) < old {
		return
	}
	i.report("I6", o.Key, "storage has it, and the database does not know it")
	i.doomed = append(i.doomed, o.Key)
}

// others looks at what belongs to no lesson.
func (i *Inspection) others(ctx context.Context, objects []media.Object, notices []Object) error {
	have := map[string]media.Object{}
	for _, o := range objects {
		have[o.Key] = o
	}
	known := map[string]bool{}
	for _, x := range notices {
		known[x.Key] = true
		if err := i.object(ctx, "I1", x.What+" "+x.Key, x, have); err != nil {
			return err
		}
	}
	for _, o := range objects {
		if p, ok := media.PrefixOf(o.Key); !known[o.Key] && (!ok || p.NamedBy != "") {
			i.orphan(o, grace(o.Key))
		}
	}
	return nil
}
