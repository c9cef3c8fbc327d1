package locale

import "strings"

// Language is a language's name for people, from its BCP 47 tag; one that has
// no name here is called by its tag.
func (p *Printer) Language(tag string) string {
	base, _, _ := strings.Cut(tag, "-")
	for _, t := range []string{tag, base} {
		if key := "language." + strings.ToLower(t); p.Has(key) {
			return p.T(key)
		}
	}
	return tag
}
