// Package inspection checks whether the data is consistent: what the database, storage
// and the search index say of each other, invariant by invariant.
//
//	I1  a recording that was received is there, byte for byte
//	I2  nothing is in preparation that nobody prepares, and what failed says why
//	I3  playlists name only segments that are in storage, whole
//	I4  views and seconds watched are what the rules make of the sessions
//	I5  the search index equals the database
//	I6  storage holds nothing that the database does not know
package inspection

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lenlop/services/catalog"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/production"
	"lenlop/services/viewership/playback"
)

// Finding is one thing that is wrong.
type Finding struct {
	Invariant string // "I1" to "I6"
	Subject   string // "lesson 0190..." or an object's key
	Says      string // one sentence
	Mended    bool
}

// String is the finding as one line.
func (f Finding) String() string {
	s := f.Invariant + "  " + f.Subject + ": " + f.Says
	if f.Mended {
		s += " (mended)"
	}
	return s
}

// Lesson is what the database says of one lesson's objects.
type Lesson struct {
	ID         string
	Gone       bool // erased, or not a lesson at all
	State      lesson.MediaState
	Playable   bool
	PackageID  string
	Recordings []lesson.Recording
	Packages   []Package
	Others     []Object // copies, captions, worksheets
}

// Package is a package with its segments.
type Package struct {
	production.Package
	Segments []production.Segment
}

// Object is a plain object that the database names.
type Object struct {
	What   string // "worksheet"
	Key    string
	Size   int64  // bytes; -1 when the database does not say
	SHA256 string // hex, or ""
}

// Stuck is work that does not go on.
type Stuck struct{ Subject, Says string }

// Book reads the database.
type Book interface {
	// Snapshot runs fn on one moment of the database.
	Snapshot(ctx context.Context, fn func(ctx context.Context) error) error
	LessonIDs(ctx context.Context) ([]string, error)
	LessonObjects(ctx context.Context, id string) (Lesson, error)
	NoticeObjects(ctx context.Context) ([]Object, error)
	Stuck(ctx context.Context, now time.Time) ([]Stuck, error)
	// OpenUploads are storage's ids of the uploads that go on.
	OpenUploads(ctx context.Context) (map[string]bool, error)
}

// Index tells how the search index differs, and makes it equal.
type Index interface {
	Check(ctx context.Context) (catalog.Difference, error)
	Rebuild(ctx context.Context) (catalog.Difference, error)
}

// Counts holds what was counted against the rules.
type Counts interface {
	Recount(ctx context.Context, each func(playback.Miscount)) error
}

// Inspection of one installation.
type Inspection struct {
	Book   Book
	Media  media.Store
	Index  Index
	Counts Counts
	Quick  bool // sizes only: recordings and segments are not read
	Mend   bool // what is safe to mend: the index, and objects that nobody knows
	Now    func() time.Time

	Parts    Parts    // nil: unfinished uploads are not looked at
	Follower Follower // nil: the database's index is the only one
	Rest     func(ctx context.Context)
	// Decode reads a package back and decodes some of it; Sample is how many
	// packages it is asked for.
	Decode func(ctx context.Context, p Package) error
	Sample int

	finished []Package
	stale    []media.Pending
	found    []Finding
	doomed   []string
	seen     Seen
}

// Seen says how much was looked at.
type Seen struct {
	Lessons, Objects, Segments int
	Decoded                    int   // packages
	Bytes                      int64 // read and hashed
	Notes                      []string
}

// Run looks at everything and gives what is wrong, in order of what was looked
// at, with the database as it stood at one moment.
func (i *Inspection) Run(ctx context.Context) ([]Finding, Seen, error) {
	i.found, i.doomed, i.seen, i.finished, i.stale = nil, nil, Seen{}, nil, nil
	err := i.Book.Snapshot(ctx, func(ctx context.Context) error {
		if err := i.storage(ctx); err != nil {
			return err
		}
		if err := i.pending(ctx); err != nil {
			return err
		}
		stuck, err := i.Book.Stuck(ctx, i.Now())
		if err != nil {
			return err
		}
		for _, s := range stuck {
			i.report("I2", s.Subject, s.Says)
		}
		err = i.Counts.Recount(ctx, func(m playback.Miscount) {
			i.report("I4", m.Subject, fmt.Sprintf("%s is kept as %d, and the rules make it %d", m.What,
				m.Stored, m.Want))
		})
		if err != nil {
			return err
		}
		return i.index(ctx)
	})
	if err != nil {
		return i.found, i.seen, err
	}
	if err := errors.Join(i.follower(ctx), i.decode(ctx)); err != nil {
		return i.found, i.seen, err
	}
	return i.found, i.seen, i.mend(ctx)
}

func (i *Inspection) report(invariant, subject, says string, args ...any) {
	if len(args) > 0 {
		says = fmt.Sprintf(says, args...)
	}
	i.found = append(i.found, Finding{Invariant: invariant, Subject: subject, Says: says})
}

const (
	indexLacks = "published, and the search index does not have it"
	indexExtra = "in the search index, and nobody may find it"
	indexStale = "the search index shows it as it no longer is"
)

func (i *Inspection) index(ctx context.Context) error {
	d, err := i.Index.Check(ctx)
	if err != nil {
		return err
	}
	for _, x := range []struct {
		says string
		ids  []string
	}{{indexLacks, d.Missing}, {indexExtra, d.Extra}, {indexStale, d.Stale}} {
		for _, id := range x.ids {
			i.report("I5", "lesson "+id, x.says)
		}
	}
	return nil
}

// deleteAtOnce is how many keys go to storage together.
const deleteAtOnce = 500

// mend makes the index equal and removes what nobody knows.
func (i *Inspection) mend(ctx context.Context) error {
	if !i.Mend {
		return nil
	}
	if i.has("I5") {
		if _, err := i.Index.Rebuild(ctx); err != nil {
			return fmt.Errorf("mend the index: %w", err)
		}
		if i.Follower != nil {
			if _, err := i.Follower.Repair(ctx); err != nil {
				return fmt.Errorf("mend the search server: %w", err)
			}
		}
		i.mended("I5")
	}
	for keys := i.doomed; len(keys) > 0; {
		n := min(deleteAtOnce, len(keys))
		if err := i.Media.Delete(ctx, keys[:n]...); err != nil {
			return fmt.Errorf("remove what nobody knows: %w", err)
		}
		keys = keys[n:]
	}
	if err := i.abort(ctx); err != nil {
		return err
	}
	i.mended("I6")
	return nil
}

func (i *Inspection) has(invariant string) bool {
	for _, f := range i.found {
		if f.Invariant == invariant {
			return true
		}
	}
	return false
}

func (i *Inspection) mended(invariant string) {
	for k := range i.found {
		if i.found[k].Invariant == invariant {
			i.found[k].Mended = true
		}
	}
}
