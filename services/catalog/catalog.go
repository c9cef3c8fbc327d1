// Package catalog lists and searches the published lessons. The search tolerates
// missing diacritics, typing errors and keyboards left in Telex or VNI mode.
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
	Bytes       int64 // of the whole lesson at the quality that a phone starts with
	PublishedAt time.Time
	Spoken      []Passage // what its captions say; Entries and hits leave it out
	// CaptionsVersion changes with every change of the captions that Spoken was
	// read from; "" without captions. Entries and hits leave it out.
	CaptionsVersion string
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

// Hit is one found entry. Highlighted texts are runs of plain text with a flag,
// so that no page ever handles markup made from data.
type Hit struct {
	Entry       Entry
	Title       []Span
	Description []Span  // an excerpt around the first match
	Moment      *Moment // set when only its captions match; else nil
}

// Span is a run of text; Match when it matches the query.
type Span struct {
	Text  string
	Match bool
}

// Facets counts matches by value; each group ignores its own filter, so that
// people see what another choice would give.
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
	Corrected      string // the query as it was searched, when a typing error was corrected; else ""
	// Nearby holds up to three similar queries that find something, when this one
	// finds nothing under any filter.
	Nearby []string
	Took   time.Duration
}

// Suggestion completes what is being typed.
type Suggestion struct {
	Text     string // a lesson's title
	LessonID string
	Subject  string
	Grade    int
	Teacher  string // several teachers have lessons of the same title
	School   string
}

// Index finds entries. Put and Delete join the transaction in ctx where the
// index lives in the same database. Faults: fault.Unavailable "catalog.unavailable".
type Index interface {
	Put(ctx context.Context, es ...Entry) error
	Delete(ctx context.Context, lessonIDs ...string) error
	Search(ctx context.Context, q Query) (Result, error)
	Suggest(ctx context.Context, text string, grade, limit int) ([]Suggestion, error)
	// IDs lists all indexed lessons. Entries returns those of the given lessons
	// that are indexed.
	IDs(ctx context.Context) ([]string, error)
	// Fingerprints returns Entry.Fingerprint of all indexed lessons by id, as it was
	// when they were put; "" for those that a release without fingerprints put.
	Fingerprints(ctx context.Context) (map[string]string, error)
	Entries(ctx context.Context, lessonIDs ...string) ([]Entry, error)
}
