package page

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"net/url"
	"strings"
	"unicode/utf8"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/web/locale"
)

// Stored is what is stored of one field of a form.
type Stored struct {
	Name  string
	Value string // as the form sends it when nobody changes it
	Label string // for people, where Value is a code
}

// Now makes a Stored that people read as it is.
func Now(name, value string) Stored { return Stored{Name: name, Value: value, Label: value} }

// NowAs makes a Stored with the words for its value.
func NowAs(name, value, label string) Stored { return Stored{Name: name, Value: value, Label: label} }

// shownName is the input that carries what a form showed when it was opened.
const shownName = "shown"

// longest value that the input carries as it is, in characters; of longer ones
// it carries a mark.
const longestShown = 64

// ShownIn is the value of the input: the shown values, as a query.
func ShownIn(stored []Stored) string {
	q := url.Values{}
	for _, s := range stored {
		q.Set(s.Name, mark(s.Value))
	}
	return q.Encode()
}

// Shown is the value of the form's input, as it was sent.
func (f Form) Shown() string { return f.shown }

// plain is a value without what browsers change in it.
func plain(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// mark stands for a long value.
func mark(s string) string {
	s = plain(s)
	if utf8.RuneCountInString(s) <= longestShown {
		return s
	}
	one, two := fnv.New32a(), fnv.New32a() // autosave.ts makes the same
	one.Write([]byte(s))
	two.Write(append([]byte{0}, s...))
	return fmt.Sprintf("#%08x%08x", one.Sum32(), two.Sum32())
}

// Merged compares what was typed with what the form had shown and what is
// stored now: two people, or one in two tabs, may have had it open. A field
// that was not changed in this form takes what is stored. One that was changed
// here and elsewhere, to different values, keeps what was typed and is named by
// the fault: fault.Conflict "form.changed". A form without the input that
// Shown makes comes back as it is.
func (f Form) Merged(now ...Stored) (Form, error) {
	if f.shown == "" {
		return f, nil
	}
	shown, err := url.ParseQuery(f.shown)
	if err != nil {
		return f, fault.Wrap(err, fault.Malformed, "request.malformed")
	}
	out := Form{Values: map[string]string{}, shown: f.shown}
	maps.Copy(out.Values, f.Values)
	var both []fault.Field
	for _, s := range now {
		before, known := shown[s.Name]
		if !known {
			continue
		}
		typed, same := f.Values[s.Name], func(value string) bool {
			return before[0] == plain(value) || before[0] == mark(value)
		}
		switch {
		case same(typed):
			out.Values[s.Name] = s.Value
		case same(s.Value), plain(typed) == plain(s.Value):
		case plain(s.Label) == "":
			both = append(both, fault.Wrong(s.Name, "form.emptied"))
		default:
			both = append(both, fault.Wrong(s.Name, "form.changed_to", "now", excerpt(s.Label)))
		}
	}
	if len(both) > 0 {
		e := fault.New(fault.Conflict, "form.changed")
		e.Fields = both
		return out, e
	}
	return out, nil
}

// SaveMerged reads what is stored, merges a form with it and saves the outcome,
// in one transaction. It gives the form to show again after a fault.
func SaveMerged(ctx context.Context, atomic job.Atomic, f Form, stored func(context.Context) ([]Stored, error),
	save func(context.Context, Form) error) (Form, error) {
	out := f
	err := atomic.Atomically(ctx, func(ctx context.Context) error {
		now, err := stored(ctx)
		if err != nil {
			return err
		}
		if out, err = f.Merged(now...); err != nil {
			return err
		}
		return save(ctx, out)
	})
	out.Err = err
	return out, err
}

// Changed reports whether Merged refused a form.
func Changed(err error) bool { return fault.Is(err, "form.changed") }

// longestExcerpt is how much of a stored text a conflict shows, in characters.
const longestExcerpt = 2000

func excerpt(s string) string {
	if r := []rune(s); len(r) > longestExcerpt {
		return string(r[:longestExcerpt]) + "…"
	}
	return s
}

// NumberLabel is the words for a number of a form, such as "Grade 9"; "" for none.
func NumberLabel(ctx context.Context, n int, key string) string {
	if n == 0 {
		return ""
	}
	return locale.T(ctx, key, "n", n)
}
