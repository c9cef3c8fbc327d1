package meilitest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// predicate says whether a document passes.
type predicate func(*doc) bool

// parseFilter reads the part of Meilisearch's filter language that the adapter
// uses: =, STARTS WITH, AND, OR and parentheses, AND before OR.
func parseFilter(text string, filterable []string) (predicate, error) {
	p := &parser{text: text, filterable: filterable}
	keep, err := p.or()
	if err == nil && p.skip() != "" {
		err = fmt.Errorf("unexpected %q", p.text)
	}
	return keep, err
}

type parser struct {
	text       string
	filterable []string
}

func (p *parser) skip() string {
	p.text = strings.TrimLeft(p.text, " \t\n")
	return p.text
}

// take takes a keyword or sign.
func (p *parser) take(word string) bool {
	rest, ok := strings.CutPrefix(p.skip(), word)
	if ok {
		p.text = rest
	}
	return ok
}

func (p *parser) or() (predicate, error) {
	left, err := p.and()
	for err == nil && p.take("OR ") {
		var right predicate
		right, err = p.and()
		a := left
		left = func(d *doc) bool { return a(d) || right(d) }
	}
	return left, err
}

func (p *parser) and() (predicate, error) {
	left, err := p.one()
	for err == nil && p.take("AND ") {
		var right predicate
		right, err = p.one()
		a := left
		left = func(d *doc) bool { return a(d) && right(d) }
	}
	return left, err
}

func (p *parser) one() (predicate, error) {
	if p.take("(") {
		inner, err := p.or()
		if err == nil && !p.take(")") {
			err = fmt.Errorf("missing ) before %q", p.text)
		}
		return inner, err
	}
	p.skip()
	end := strings.IndexFunc(p.text, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })
	if end <= 0 {
		return nil, fmt.Errorf("expected an attribute before %q", p.text)
	}
	attribute := p.text[:end]
	p.text = p.text[end:]
	if !slices.Contains(p.filterable, attribute) {
		return nil, fmt.Errorf("attribute %s is not filterable", attribute)
	}
	starts := p.take("STARTS WITH ")
	if !starts && !p.take("=") {
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

// value is a number or letters, or anything between double quotes, where \"
// stands for a quote and \\ for a backslash.
func (p *parser) value() (string, error) {
	if !p.take(`"`) {
		end := strings.IndexAny(p.skip()+" ", " )")
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

// values are a field's, as filters see them.
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
