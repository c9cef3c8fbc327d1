package meilitest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// predicate reports whether a document matches.
type predicate func(*doc) bool

// parseFilter parses the part of Meilisearch's filter language that the adapter
// uses: =, STARTS WITH, AND, OR and parentheses, AND before OR.
func parseFilter(text string, filterable []string) (predicate, error) {
	p := &parser{text: text, filterable: filterable}
	keep, err := p.or()
	if err == nil && p.skipSpace() != "" {
		err = fmt.Errorf("unexpected %q", p.text)
	}
	return keep, err
}

type parser struct {
	text       string
	filterable []string
}

func (p *parser) skipSpace() string {
	p.text = strings.TrimLeft(p.text, " \t\n")
	return p.text
}

// accept consumes a keyword or sign if it is next.
func (p *parser) accept(word string) bool {
	rest, ok := strings.CutPrefix(p.skipSpace(), word)
	if ok {
		p.text = rest
	}
	return ok
}

func (p *parser) or() (predicate, error) {
	left, err := p.and()
	for err == nil && p.accept("OR ") {
		var right predicate
		right, err = p.and()
		a := left
		left = func(d *doc) bool { return a(d) || right(d) }
	}
	return left, err
}

func (p *parser) and() (predicate, error) {
	left, err := p.operand()
	for err == nil && p.accept("AND ") {
		var right predicate
		right, err = p.operand()
		a := left
		left = func(d *doc) bool { return a(d) && right(d) }
	}
	return left, err
}

func (p *parser) operand() (predicate, error) {
	if p.accept("(") {
		inner, err := p.or()
		if err == nil && !p.accept(")") {
			err = fmt.Errorf("missing ) before %q", p.text)
		}
		return inner, err
	}
	p.skipSpace()
	end := strings.IndexFunc(p.text, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })
	if end <= 0 {
		return nil, fmt.Errorf("expected an attribute before %q", p.text)
	}
	attribute := p.text[:end]
	p.text = p.text[end:]
	if !slices.Contains(p.filterable, attribute) {
		return nil, fmt.Errorf("attribute %s is not filterable", attribute)
	}
	starts := p.accept("STARTS WITH ")
	if !starts && !p.accept("=") {
		return nil, fmt.Errorf("expected an operator before %q", p.text)
	}
	value, err := p.value()
	if err != nil {
		return nil, err
	}
	value = strings.ToLower(value)
	return func(d *doc) bool {
		if !starts {
			return d.has[attribute][value]
		}
		for v := range d.has[attribute] {
			if strings.HasPrefix(v, value) {
				return true
			}
		}
		return false
	}, nil
}

// value is a number, or text in double quotes in which \" is a quote and \\ a
// backslash.
func (p *parser) value() (string, error) {
	if !p.accept(`"`) {
		end := strings.IndexAny(p.skipSpace()+" ", " )")
		v := p.text[:end]
		if _, err := strconv.Atoi(v); err != nil {
			return "", fmt.Errorf("expected a value before %q", p.text)
		}
		p.text = p.text[end:]
		return v, nil
	}
	var b strings.Builder
	for i := 0; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\\' && i+1 < len(p.text) && (p.text[i+1] == '"' || p.text[i+1] == '\\'):
			i++
			b.WriteByte(p.text[i])
		case c == '"':
			p.text = p.text[i+1:]
			return b.String(), nil
		default:
			b.WriteByte(c)
		}
	}
	return "", fmt.Errorf("no closing quote in %q", p.text)
}

// values returns the values of a field that filters compare.
func values(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	case []any:
		var all []string
		for _, e := range v {
			all = append(all, values(e)...)
		}
		return all
	}
	return nil
}
