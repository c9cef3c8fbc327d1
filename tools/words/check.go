package main

import (
	"fmt"
	"go/scanner"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// A finding is a retired word and where it stands.
type finding struct {
	file    string
	line    int
	word    string
	instead string
}

func (f finding) String() string {
	return fmt.Sprintf("%s:%d: %q is retired: %s", f.file, f.line, f.word, f.instead)
}

type checker struct {
	stored *regexp.Regexp // nil without stored names
}

func newChecker(stored []string) *checker {
	if len(stored) == 0 {
		return &checker{}
	}
	stored = slices.Clone(stored)
	slices.SortStableFunc(stored, func(a, b string) int { return len(b) - len(a) }) // the longest name wins
	patterns := make([]string, len(stored))
	for i, s := range stored {
		patterns[i] = regexp.QuoteMeta(s)
		if _, word := retiredWords[strings.ToLower(s)]; word { // it must not excuse the word in prose
			patterns[i] = "[\"'`]" + patterns[i] + "[\"'`]"
		}
	}
	// A stored name stands whole: no letter, digit or underscore touches it.
	return &checker{regexp.MustCompile(`(^|[^\pL\pN_])(` + strings.Join(patterns, "|") + `)($|[^\pL\pN_])`)}
}

// check returns what is retired in the text of a file.
func (c *checker) check(file, text string) []finding {
	found := checkFile(file)
	for i, line := range strings.Split(text, "\n") {
		if !suspect(line) {
			continue // what excuses a word takes a hundred times longer to look for
		}
		for _, e := range exceptions {
			line = e.ReplaceAllString(line, " ")
		}
		if c.stored != nil {
			line = c.stored.ReplaceAllString(line, "$1 $3")
		}
		for _, w := range split(line) {
			if instead, bad := retiredWords[strings.ToLower(w)]; bad {
				found = append(found, finding{file, i + 1, w, instead})
			}
		}
		for _, p := range retiredPhrases {
			if m := p.pattern.FindString(line); m != "" {
				found = append(found, finding{file, i + 1, m, p.instead})
			}
		}
	}
	if path.Ext(file) == ".go" {
		found = append(found, c.checkNames(file, text)...)
	}
	return found
}

// suspect reports whether a line has a retired word or phrase, excused or not.
func suspect(line string) bool {
	for _, w := range split(line) {
		if _, bad := retiredWords[strings.ToLower(w)]; bad {
			return true
		}
	}
	for _, p := range retiredPhrases {
		if p.pattern.MatchString(line) {
			return true
		}
	}
	return false
}

func checkFile(file string) []finding {
	base := path.Base(file)
	switch path.Ext(base) {
	case ".go", ".ts", ".mjs", ".css", ".templ", ".sql":
	default:
		return nil
	}
	name, _, _ := strings.Cut(base, ".")
	name = strings.TrimSuffix(name, "_test")
	if instead, bad := retiredFiles[name]; bad {
		return []finding{{file, 1, base, "name the file by " + instead}}
	}
	return nil
}

// checkNames reads the identifiers of a Go file.
func (c *checker) checkNames(file, text string) (found []finding) {
	set := token.NewFileSet()
	f := set.AddFile(file, -1, len(text))
	var s scanner.Scanner
	s.Init(f, []byte(text), func(token.Position, string) {}, 0) // what does not parse is the compiler's to report
	for {
		pos, kind, name := s.Scan()
		if kind == token.EOF {
			return found
		}
		instead, bad := retiredNames[name]
		if kind == token.IDENT && bad && (c.stored == nil || !c.stored.MatchString(name)) {
			found = append(found, finding{file, f.Line(pos), name, instead})
		}
	}
}

// split cuts a line into words: at everything that is no letter, and within identifiers where a capital follows a small
// letter (houseStore) or starts a word after an acronym (HTTPHouse).
func split(line string) (words []string) {
	rs := []rune(line)
	start := -1
	flush := func(end int) {
		if start >= 0 {
			words = append(words, string(rs[start:end]))
		}
		start = -1
	}
	for i, r := range rs {
		if !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r) {
			flush(i)
			continue
		}
		if start >= 0 && unicode.IsUpper(r) {
			afterSmall := unicode.IsLower(rs[i-1])
			beforeSmall := i+1 < len(rs) && unicode.IsLower(rs[i+1])
			if afterSmall || beforeSmall {
				flush(i)
			}
		}
		if start < 0 {
			start = i
		}
	}
	flush(len(rs))
	return words
}

var codeSpan = regexp.MustCompile("`([^`\n]+)`")

// storedNames are the names between backticks in the page of stored names. Without the page there are none.
func storedNames(page string) ([]string, error) {
	text, err := os.ReadFile(page)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range codeSpan.FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
	}
	return names, nil
}
