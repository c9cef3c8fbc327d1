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
func parseFilter(text string, filterable []string, uid string) (predicate, *apiError) {
	p := &parser{text: text, filterable: filterable, uid: uid}
	keep, err := p.or()
	if err == nil && p.skipSpace() != "" {
		err = refusal("Found unexpected characters at the end of the filter: `%s`.", p.text)
	}
	if err != nil {
		return nil, newError(400, "invalid_search_filter", "%v\n1:%d %s", err, len(text)+1, text)
	}
	return keep, nil
}

// maxDepth of parentheses: the real server refuses the 38th.
const maxDepth = 37

type parser struct {
	text       string
	filterable []string
	uid        string
	depth      int
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
		if p.depth++; p.depth > maxDepth {
			return nil, refusal("The filter exceeded the maximum depth limit. Try rewriting the filter so that it " +
				"contains fewer nested conditions.")
		}
		inner, err := p.or()
		if err == nil && !p.accept(")") {
			err = refusal("Expression `%s` is missing the following closing delimiter: `)`.", escaped(p.text))
		}
		p.depth--
		return inner, err
	}
	whole := p.skipSpace()
	end := strings.IndexFunc(p.text, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })
	if end <= 0 {
		return nil, refusal("Was expecting an attribute at `%s`.", escaped(p.text))
	}
	attribute := p.text[:end]
	p.text = p.text[end:]
	starts := p.accept("STARTS WITH ")
	if !starts && !p.accept("=") {
		return nil, refusal("Was expecting an operation %s at `%s`.", operations, escaped(whole))
	}
	value, err := p.value()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(p.filterable, attribute) {
		return nil, p.notFilterable(attribute)
	}
	value = normal(value)
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

// filterError is a message of the server.
type filterError string

func (e filterError) Error() string { return string(e) }

func refusal(format string, args ...any) error { return filterError(fmt.Sprintf(format, args...)) }

// operations as the server's message lists them.
const operations = "`=`, `!=`, `>=`, `>`, `<=`, `<`, `IN`, `NOT IN`, `TO`, `EXISTS`, `NOT EXISTS`, `IS NULL`, " +
	"`IS NOT NULL`, `IS EMPTY`, `IS NOT EMPTY`, `CONTAINS`, `NOT CONTAINS`, `STARTS WITH`, `NOT STARTS WITH`, " +
	"`_geoRadius`, `_geoBoundingBox` or `_geoPolygon`"

// escaped is a part of the filter as the server's messages quote it.
func escaped(s string) string { return strings.ReplaceAll(s, `"`, `\"`) }

func (p *parser) notFilterable(attribute string) error {
	which := "This index does not have configured filterable attributes."
	if len(p.filterable) > 0 {
		which = "Available filterable attribute patterns are: " +
			quoted(slices.Sorted(slices.Values(p.filterable))) + "."
	}
	return refusal("Index `%s`: Attribute `%s` is not filterable. %s", p.uid, attribute, which)
}

// value is a number, or text in double quotes in which \" is a quote and \\ a
// backslash.
func (p *parser) value() (string, error) {
	if !p.accept(`"`) {
		end := strings.IndexAny(p.skipSpace()+" ", " )")
		v := p.text[:end]
		if _, err := strconv.Atoi(v); err != nil {
			return "", refusal("Was expecting a value at `%s`.", escaped(p.text))
		}
		p.text = p.text[end:]
		return v, nil
	}
	var b strings.Builder
	for i := 0; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\\' && i+1 < len(p.text): // of any character, as recorded
			i++
			b.WriteByte(p.text[i])
		case c == '"':
			p.text = p.text[i+1:]
			return b.String(), nil
		default:
			b.WriteByte(c)
		}
	}
	return "", refusal("Expression `\\\"%s` is missing the following closing delimiter: `\"`.", escaped(p.text))
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
