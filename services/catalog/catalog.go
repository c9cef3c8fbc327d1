// Package catalog is what students may find: published lessons by grade,
// subject and week, and a search that forgives missing diacritics and typos.
package catalog

import (
	"context"
	"time"
)

// Entry is a published lesson as students find it.
type Entry struct {
	LessonID    string
	PackageID   string
	Title       string
	Description string
	Subject     string // code
	SubjectName string // for people and for search
	Grade       int
	Week        int // 0: none
	Language    string
	TeacherID   string
	Teacher     string // name
	SchoolID    string
	School      string // name
	Duration    float64
	Bytes       int64 // cost of watching all of it at the rung a phone is given first
	PublishedAt time.Time
	Spoken      []Passage // what its captions say; hits come without
}

// Query asks for entries; zero values mean any. An empty Text lists by grade,
// subject, week and newest first.
type Query struct {
	Text     string
	Subject  string
	Grade    int
	Week     int
	Language string
	School   string
	Limit    int // at most 100; 0 means 20
	Offset   int
}

// Hit is one found entry; the marks are pieces of text, those that matched
// flagged, so that no sink ever sees markup made from data.
type Hit struct {
	Entry       Entry
	Title       []Span
	Description []Span  // a short cut around the first match
	Moment      *Moment // when it is found only by what is said in it; else nil
}

// Span is a run of text; Match when it is what was searched for.
type Span struct {
	Text  string
	Match bool
}

// Facets counts matches by value; each group ignores its own filter.
type Facets struct {
	Subject  map[string]int
	Grade    map[int]int
	Week     map[int]int
	Language map[string]int
	School   map[string]int // by id
}

// Result of a search.
type Result struct {
	Hits           []Hit
	Facets         Facets
	EstimatedTotal int
	Corrected      string // the query as understood, when a typo was mended; else ""
	// Nearby are queries much like this one that do find something, when this
	// one finds nothing anywhere; at most three.
	Nearby []string
	Took   time.Duration
}

// Suggestion completes what is being typed.
type Suggestion struct {
	Text     string // a lesson's title
	LessonID string
	Subject  string
	Grade    int
	Teacher  string // whose lesson it is: several teach the same
	School   string
}

// Index finds entries. Put and Delete join the transaction in ctx where the
// index lives in the same database. Faults: fault.Unavailable "catalog.unavailable".
type Index interface {
	Put(ctx context.Context, es ...Entry) error
	Delete(ctx context.Context, lessonIDs ...string) error
	Search(ctx context.Context, q Query) (Result, error)
	Suggest(ctx context.Context, text string, grade, limit int) ([]Suggestion, error)
	// IDs lists everything indexed, for comparing with the database, and Entries
	// gives what is kept of the lessons with the ids; those not indexed are left out.
	IDs(ctx context.Context) ([]string, error)
	Entries(ctx context.Context, lessonIDs ...string) ([]Entry, error)
}
