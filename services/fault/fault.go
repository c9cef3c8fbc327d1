// Package fault is the one error type of the product: a kind that decides the
// HTTP status, a stable code that clients and translations key on, and facts
// for the sentence that a person reads.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what sort of failure happened. web/page maps kinds to statuses in
// one table; nothing else may.
type Kind uint8

// The kinds. Internal is the zero value on purpose: an error that nobody
// classified is a defect of ours, logged and never shown.
const (
	Internal Kind = iota
	Invalid
	Unauthenticated
	Forbidden
	NotFound
	Conflict
	Gone
	TooLarge
	RateLimited
	Unavailable
	Malformed // the request itself could not be read
	Full      // the server has no space for it; nothing is lost, and the same call succeeds once there is
	Outdated  // the request is about a version that is no longer the stored one
)

// Args are the facts a sentence needs, for example {"max": 4294967296}.
type Args map[string]any

// Field is one wrong input of a form or JSON body. Name is the camelCase JSON
// name of the input; Code is translated like Error.Code.
type Field struct {
	Name string
	Code string
	Args Args
}

// Error is a failure that a person may be told about. Code is stable and of
// the form noun.problem ("upload.part_missing"); web/locale holds a sentence
// for every code under "fault."+Code.
type Error struct {
	Kind   Kind
	Code   string
	Args   Args
	Fields []Field
	cause  error
}

// New makes an Error; kv are alternating names and values for Args.
func New(kind Kind, code string, kv ...any) *Error {
	return &Error{Kind: kind, Code: code, Args: pairs(kv)}
}

// Wrap makes an Error that carries the underlying cause for the log.
func Wrap(cause error, kind Kind, code string, kv ...any) *Error {
	e := New(kind, code, kv...)
	e.cause = cause
	return e
}

// Form makes an Invalid error for the given wrong inputs, or returns nil when
// there are none.
func Form(code string, fields ...Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Code: code, Fields: fields}
}

// Wrong makes a Field; kv are alternating names and values for Args.
func Wrong(name, code string, kv ...any) Field {
	return Field{Name: name, Code: code, Args: pairs(kv)}
}

// Error is for logs, not for people: code, facts, fields and cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code)
	if len(e.Args) > 0 {
		fmt.Fprintf(&b, " %v", map[string]any(e.Args))
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " [%s: %s]", f.Name, f.Code)
	}
	if e.cause != nil {
		b.WriteString(": ")
		b.WriteString(e.cause.Error())
	}
	return b.String()
}

// Unwrap gives the cause, so errors.Is and errors.As look through.
func (e *Error) Unwrap() error { return e.cause }

// As finds the Error in err's chain, or nil.
func As(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return nil
}

// KindOf is the kind of the Error in err's chain; Internal if it is not a fault.
func KindOf(err error) Kind {
	if e := As(err); e != nil {
		return e.Kind
	}
	return Internal
}

// Is reports whether err carries the code.
func Is(err error, code string) bool {
	e := As(err)
	return e != nil && e.Code == code
}

func pairs(kv []any) Args {
	if len(kv) == 0 {
		return nil
	}
	a := make(Args, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		a[fmt.Sprint(kv[i])] = kv[i+1]
	}
	return a
}
