package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"lenlop/services/fault"
)

func TestErrorIsWrittenForTheLog(t *testing.T) {
	for want, err := range map[string]error{
		"lesson.not_found":                  fault.New(fault.NotFound, "lesson.not_found"),
		"upload.too_large map[max:4]":       fault.New(fault.TooLarge, "upload.too_large", "max", 4),
		"lesson.gone: EOF":                  fault.Wrap(io.EOF, fault.Gone, "lesson.gone"),
		"lesson.gone map[id:a week:7]: EOF": fault.Wrap(io.EOF, fault.Gone, "lesson.gone", "week", 7, "id", "a"),
		"form.bad [title: field.required]":  fault.Form("form.bad", fault.Wrong("title", "field.required")),
		"form.bad [a: x] [b: y]":            fault.Form("form.bad", fault.Wrong("a", "x"), fault.Wrong("b", "y")),
		"store: lesson.not_found":           fmt.Errorf("store: %w", fault.New(fault.NotFound, "lesson.not_found")),
		"a map[1:one]":                      fault.New(fault.Invalid, "a", 1, "one"), // a name that is no string
		"a map[named:1]":                    fault.New(fault.Invalid, "a", "named", 1, "without a value"),
		"outer: inner map[n:1]": fault.Wrap(fault.New(fault.Gone, "inner", "n", 1),
			fault.Conflict, "outer"),
		"outer map[n:2]: inner [f: c]: at EOF": wrapped(),
	} {
		if err.Error() != want {
			t.Errorf("got %q, want %q", err.Error(), want)
		}
	}
}

func wrapped() error {
	inner := fault.Wrap(errors.New("at EOF"), fault.Invalid, "inner")
	inner.Fields = []fault.Field{fault.Wrong("f", "c")}
	return fault.Wrap(inner, fault.Conflict, "outer", "n", 2)
}

func TestFactsAreNilWithoutAny(t *testing.T) {
	if args := fault.New(fault.Invalid, "a").Args; args != nil {
		t.Errorf("an error without facts has %v", args)
	}
	if args := fault.New(fault.Invalid, "a", "alone").Args; len(args) != 0 {
		t.Errorf("a name without a value is a fact: %v", args)
	}
	f := fault.Wrong("title", "field.too_long", "max", 200)
	if f.Name != "title" || f.Code != "field.too_long" || len(f.Args) != 1 || f.Args["max"] != 200 {
		t.Errorf("field %+v", f)
	}
	if f := fault.Wrong("title", "field.required"); f.Args != nil {
		t.Errorf("a field without facts has %v", f.Args)
	}
}

func TestFormWithoutWrongFieldsIsNoError(t *testing.T) {
	if err := fault.Form("form.bad"); err != nil {
		t.Errorf("a good form gives %v", err)
	}
	var none []fault.Field
	if err := fault.Form("form.bad", none...); err != nil {
		t.Errorf("a good form gives %v", err)
	}
	err := fault.Form("form.bad", fault.Wrong("a", "x"), fault.Wrong("b", "y", "n", 2))
	e := fault.As(err)
	if e == nil || e.Kind != fault.Invalid || len(e.Fields) != 2 || e.Fields[1].Name != "b" ||
		e.Fields[1].Args["n"] != 2 {
		t.Fatalf("form gives %#v", err)
	}
}

// TestChain: the outermost fault of a chain decides, and the causes below it stay reachable.
func TestChain(t *testing.T) {
	inner := fault.Wrap(io.ErrUnexpectedEOF, fault.NotFound, "inner")
	outer := fault.Wrap(inner, fault.Conflict, "outer")
	for _, c := range []struct {
		err  error
		kind fault.Kind
		code string
	}{
		{nil, fault.Internal, ""},
		{io.EOF, fault.Internal, ""}, // nobody classified it
		{inner, fault.NotFound, "inner"},
		{outer, fault.Conflict, "outer"},
		{fmt.Errorf("lesson a: %w", inner), fault.NotFound, "inner"},
		{errors.Join(io.EOF, inner), fault.NotFound, "inner"},
	} {
		if got := fault.KindOf(c.err); got != c.kind {
			t.Errorf("%v: kind %d, want %d", c.err, got, c.kind)
		}
		e := fault.As(c.err)
		if (e == nil) != (c.code == "") || e != nil && e.Code != c.code {
			t.Errorf("%v: found %v, want code %q", c.err, e, c.code)
		}
		for _, code := range []string{"inner", "outer"} {
			if fault.Is(c.err, code) != (code == c.code) {
				t.Errorf("%v: Is(%q) is %v", c.err, code, code != c.code)
			}
		}
		if fault.Is(c.err, "") {
			t.Errorf("%v: has the empty code", c.err)
		}
	}
	if !errors.Is(outer, io.ErrUnexpectedEOF) || !errors.Is(outer, inner) {
		t.Error("the cause of a cause is not found")
	}
	if fault.New(fault.Gone, "a").Unwrap() != nil {
		t.Error("an error without a cause has one")
	}
}

// TestInternalIsTheZeroKind: an Error made without a kind must not be shown to anybody.
func TestInternalIsTheZeroKind(t *testing.T) {
	if kind := fault.KindOf(&fault.Error{Code: "a"}); kind != fault.Internal {
		t.Errorf("kind %d", kind)
	}
	if fault.Internal != 0 {
		t.Errorf("Internal is %d", fault.Internal)
	}
	seen := map[fault.Kind]bool{}
	for _, k := range []fault.Kind{
		fault.Internal, fault.Invalid, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Conflict,
		fault.Gone, fault.TooLarge, fault.RateLimited, fault.Unavailable, fault.Malformed,
	} {
		if seen[k] {
			t.Errorf("two kinds are %d", k)
		}
		seen[k] = true
	}
}
