package lesson

import (
	"errors"
	"strings"

	"golang.org/x/text/language"
)

// Undetermined is BCP 47's tag of a language that nobody has named.
const Undetermined = "und"

// Language brings a language tag, as a file or a person writes it, to the one
// form of BCP 47 that pages and playlists use: "vie" and "VI" are "vi". ok is
// false for what is no tag at all; the empty one is Undetermined.
func Language(tag string) (canonical string, ok bool) {
	tag = strings.TrimSpace(tag)
	if tag == "" {
		return Undetermined, true
	}
	if !languageTag(tag) {
		return "", false
	}
	t, err := language.Parse(tag)
	var unknown language.ValueError
	switch {
	case err == nil:
		return t.String(), true
	case errors.As(err, &unknown):
		return strings.ToLower(tag), true // well formed, only not in the registry's copy
	}
	return "", false
}
