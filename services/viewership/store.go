package viewership

import (
	"context"
	"time"

	"lenlop/services/school"
)

// ViewerDay is one viewer's local day: what the rules look at together.
type ViewerDay struct{ Viewer, Day string }

// ViewerPackage is a viewer and one package of a lesson.
type ViewerPackage struct{ Viewer, Package string }

// Flag is web-flag/1's mark on a viewer's day, and its undoing.
type Flag struct {
	Viewer, Day string
	Reason      string
	At          time.Time
	RestoredBy  string // person id; "" while the flag stands
	RestoredAt  time.Time
	Sessions    int64 // of the day, when listed
}

// Total is what a lesson's day adds up to, or a change to it.
type Total struct {
	LessonID, Day  string
	Views          int64
	OfflineViews   int64 // of the views
	UnmatchedViews int64 // of the views: from embedded players
	Completions    int64
	Watch          int64 // milliseconds
}

// LeftTotal is how many sessions of a lesson's day are left out for a reason,
// or a change to it.
type LeftTotal struct {
	LessonID, Day, Reason string
	Sessions              int64
}

// Store keeps the web's sessions and what they add up to. Calls join the
// transaction in ctx; rules stay out of it.
type Store interface {
	// LockViewers keeps others from changing these viewers' rows until the
	// transaction in ctx ends. Ids come sorted, so that nobody waits in a ring.
	LockViewers(ctx context.Context, viewers []string) error
	// SessionStarts gives the id, day and beginning of those that exist.
	SessionStarts(ctx context.Context, ids []string) ([]Session, error)
	// Sessions gives every session of the viewers' days, and Flags their flags.
	Sessions(ctx context.Context, days []ViewerDay) ([]Session, error)
	Flags(ctx context.Context, days []ViewerDay) ([]Flag, error)
	// Credits gives the viewers' credits for their packages, on all days.
	Credits(ctx context.Context, of []ViewerPackage) ([]Credit, error)
	// Put inserts or replaces rows and adds changes to totals; rows come sorted.
	Put(ctx context.Context, c Changes) error
	// Fold removes session rows of days before the given one, at most limit,
	// and says how many: their credits hold all that is still needed.
	Fold(ctx context.Context, before string, limit int) (int, error)
	// Purge removes credits and flags of days before the given one, at most
	// limit, then viewers that nothing is left of, and says how many credits.
	Purge(ctx context.Context, before string, limit int) (int, error)
}

// Changes are what a batch of heartbeats writes.
type Changes struct {
	Sessions []Session
	Credits  []Credit
	Flags    []Flag // with an empty Reason: the flag is gone
	Totals   []Total
	Left     []LeftTotal
	Seen     []SetChange
}

// SetChange says that a viewer has a view of a lesson on a day, or no longer.
type SetChange struct {
	LessonID, Day, Viewer string
	In                    bool
}

// Scope narrows figures; zero values mean any. Days are local, To left out; ""
// means no bound.
type Scope struct {
	From, To string
	Lesson   string
	Subject  string
	Grade    int
	School   string
	Area     string // with the areas below it
	Teacher  string // person id of the lessons' teacher
	// Named asks which groups of fewer than five viewers have persons in them.
	Named bool
	// Among narrows Persons to these person ids; nil means any.
	Among []string
}

// Sums are the web's figures of one group: a lesson, a day, a subject, ...
type Sums struct {
	Key     string
	Viewers int64  // distinct, with at least one view
	Named   bool   // some of fewer than five viewers are persons, when asked
	Schools []Sums // by area: the schools right in it
	Total
}

// Add adds another total up; its lesson and day are not looked at.
func (t *Total) Add(o Total) {
	t.Views += o.Views
	t.OfflineViews += o.OfflineViews
	t.UnmatchedViews += o.UnmatchedViews
	t.Completions += o.Completions
	t.Watch += o.Watch
}

// Audience is who had a view in a scope.
type Audience struct {
	Persons map[string]bool // signed in, by id
	Viewers int64           // all of them, devices too; zero when asked for a lesson or among a few
}

// LessonFacts are what groups and labels need to know of a lesson.
type LessonFacts struct {
	ID, Title, Subject, SubjectName, School, SchoolName, Area string
	Grade                                                     int
}

// Groups of the department's table that the web has figures for.
const (
	ByLesson  = "lesson"
	ByDay     = "day"
	BySubject = "subject"
	ByGrade   = "grade"
	BySchool  = "school"
	ByChannel = "channel"
	ByArea    = "area"
	byAll     = "" // one group of everything
)

// Reader reads what was counted.
type Reader interface {
	// Grouped sums a scope by one of the groups, "" for one row of all, and the
	// whole of it, whose viewers are counted once. By area every area above a
	// lesson's school has a row, and "" those of no area.
	Grouped(ctx context.Context, by string, s Scope) (groups []Sums, whole Sums, err error)
	// LeftOut sums the sessions left out, by lesson and reason; days are empty.
	LeftOut(ctx context.Context, s Scope) ([]LeftTotal, error)
	// Coverage calls fn for each viewer's credit of a package, a viewer's rows
	// one after another.
	Coverage(ctx context.Context, packageID string, fn func(Credit) error) error
	// Facts gives what is known of the lessons in a scope's subject, grade and
	// school; ids nil means all of them.
	Facts(ctx context.Context, ids []string, s Scope) (map[string]LessonFacts, error)
	// Persons gives the signed-in persons with a view in a scope.
	Persons(ctx context.Context, s Scope) (Audience, error)
	// OnRosters counts, of persons known by television and by the web, those on
	// the rosters of a scope.
	OnRosters(ctx context.Context, o school.Scope, television, web map[string]bool) (Identified, error)
	// Places gives the areas and schools there are.
	Places(ctx context.Context) (Places, error)
	// FlaggedDays lists flags, newest first.
	FlaggedDays(ctx context.Context, from, to string, limit int) ([]Flag, error)
}

// Keeps remembers which viewers took which lessons home to watch offline.
type Keeps interface {
	// Keep may be repeated: renewing a grant is not another download.
	Keep(ctx context.Context, lessonID, viewer, day string) error
	Kept(ctx context.Context, s Scope) (int64, error)
}

// FigureStore keeps television's figures; rows are only ever appended. A
// second row that replaces the same one is fault.Conflict
// "figure.already_replaced"; a missing one fault.NotFound "figure.not_found".
type FigureStore interface {
	AddFigures(ctx context.Context, fs []Figure) error
	Figure(ctx context.Context, id string) (Figure, error)
	// FiguresOf lists the rows of airings, oldest first.
	FiguresOf(ctx context.Context, airings []string) ([]Figure, error)
}
