// Package locale holds every sentence of the site, Vietnamese first and
// English second, and writes numbers, dates and sizes as each language does.
package locale

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"lenlop/services/fault"
)

//go:embed vi.json
var viJSON []byte

//go:embed en.json
var enJSON []byte

// Lang is a language of the interface.
type Lang string

// The languages; Vietnamese is the default.
const (
	Vi Lang = "vi"
	En Lang = "en"
)

// Printer writes one person's language in one time zone.
type Printer struct {
	Lang Lang
	Zone *time.Location
	say  map[string]string
}

// Book holds the sentences of all languages.
type Book struct {
	zone *time.Location
	say  map[Lang]map[string]string
}

// NewBook reads the embedded sentences. zone is the site's local time.
func NewBook(zone *time.Location) (*Book, error) {
	b := &Book{zone: zone, say: map[Lang]map[string]string{}}
	for l, raw := range map[Lang][]byte{Vi: viJSON, En: enJSON} {
		m := map[string]string{}
		if err := json.Unmarshal(raw, &m); err != nil {
			return nil, fmt.Errorf("locale %s: %w", l, err)
		}
		b.say[l] = m
	}
	return b, nil
}

// Printer gives the printer of a language; an unknown one gives Vietnamese.
func (b *Book) Printer(l Lang) *Printer {
	m, ok := b.say[l]
	if !ok {
		l, m = Vi, b.say[Vi]
	}
	return &Printer{Lang: l, Zone: b.zone, say: m}
}

// Keys lists a language's keys in order, for tests.
func (b *Book) Keys(l Lang) []string {
	var ks []string
	for k := range b.say[l] {
		ks = append(ks, k)
	}
	sort.Strings(ks)
	return ks
}

// Choose picks the language from a wish (?lang= or cookie) and Accept-Language.
func Choose(wish, accept string) Lang {
	switch Lang(wish) {
	case Vi, En:
		return Lang(wish)
	}
	for part := range strings.SplitSeq(accept, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		switch Lang(tag) {
		case Vi, En:
			return Lang(tag)
		}
	}
	return Vi
}

// T is the sentence for key; kv are alternating names and values for {name}
// places. An unknown key comes back in brackets, and a test finds it.
func (p *Printer) T(key string, kv ...any) string {
	s, ok := p.say[key]
	if !ok {
		return "[" + key + "]"
	}
	for i := 0; i+1 < len(kv); i += 2 {
		s = strings.ReplaceAll(s, "{"+fmt.Sprint(kv[i])+"}", p.value(kv[i+1]))
	}
	return s
}

// Has reports whether a sentence exists.
func (p *Printer) Has(key string) bool { _, ok := p.say[key]; return ok }

// Fault is the sentence for an error; a stranger's error gives the general one.
func (p *Printer) Fault(err error) string {
	e := fault.As(err)
	if e == nil || e.Kind == fault.Internal {
		return p.T("fault.internal")
	}
	return p.Code(e.Code, e.Args)
}

// Code is the sentence for a stable code with its facts.
func (p *Printer) Code(code string, args fault.Args) string {
	key := "fault." + code
	if !p.Has(key) {
		return p.T("fault.internal")
	}
	kv := make([]any, 0, 2*len(args))
	for k, v := range args {
		// Our own names, such as a column's, have words of the language.
		if s, is := v.(string); is && p.Has("fact."+k+"."+s) {
			v = p.T("fact." + k + "." + s)
		}
		kv = append(kv, k, v)
	}
	return p.T(key, kv...)
}

func (p *Printer) value(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return p.Number(int64(v))
	case int64:
		return p.Number(v)
	case float64:
		return p.Decimal(v, 1)
	case time.Time:
		return p.DateTime(v)
	case []int:
		ss := make([]string, len(v))
		for i, n := range v {
			ss[i] = fmt.Sprint(n)
		}
		return strings.Join(ss, ", ")
	}
	return fmt.Sprint(v)
}

// Number writes a whole number with the language's thousands mark.
func (p *Printer) Number(n int64) string {
	neg := n < 0
	s := fmt.Sprint(n)
	if neg {
		s = s[1:]
	}
	mark := "."
	if p.Lang == En {
		mark = ","
	}
	var b strings.Builder
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteString(mark)
		}
		b.WriteRune(r)
	}
	if neg {
		return "-" + b.String()
	}
	return b.String()
}

// Decimal writes a number with at most places decimals, trailing zeros cut.
func (p *Printer) Decimal(f float64, places int) string {
	s := fmt.Sprintf("%.*f", places, f)
	whole, frac, _ := strings.Cut(s, ".")
	frac = strings.TrimRight(frac, "0")
	n, _ := strconv.ParseInt(whole, 10, 64)
	out := p.Number(n)
	if n == 0 && strings.HasPrefix(whole, "-") {
		out = "-0"
	}
	if frac == "" {
		return out
	}
	if p.Lang == En {
		return out + "." + frac
	}
	return out + "," + frac
}

// Bytes writes a size in MB or GB of a million or a thousand million bytes, as
// phone tariffs do; under a megabyte in kB.
func (p *Printer) Bytes(n int64) string {
	switch {
	case n < 1_000_000:
		return p.Decimal(float64(max(n, 0)+999)/1000, 0) + " kB"
	case n < 10_000_000:
		return p.Decimal(float64(n)/1e6, 1) + " MB"
	case n < 1_000_000_000:
		return p.Decimal(float64(n)/1e6, 0) + " MB"
	}
	return p.Decimal(float64(n)/1e9, 1) + " GB"
}

// Clock writes a length as 4:05 or 1:04:05.
func (p *Printer) Clock(seconds float64) string {
	s := int(seconds + 0.5)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// Minutes writes a length in words: "4 phút", "45 giây".
func (p *Printer) Minutes(seconds float64) string {
	if seconds < 60 {
		return p.T("time.seconds", "n", int(seconds+0.5))
	}
	if seconds < 3600 {
		return p.T("time.minutes", "n", int(seconds/60+0.5))
	}
	return p.T("time.hours", "h", int(seconds/3600), "m", int(seconds/60)%60)
}

// Date writes a local day: 21/11/2026, or 21 Nov 2026.
func (p *Printer) Date(t time.Time) string {
	if p.Lang == En {
		return t.In(p.Zone).Format("2 Jan 2006")
	}
	return t.In(p.Zone).Format("02/01/2006")
}

// DateTime writes a local moment: 14:05 21/11/2026, or 21 Nov 2026, 14:05.
func (p *Printer) DateTime(t time.Time) string {
	if p.Lang == En {
		return t.In(p.Zone).Format("2 Jan 2006, 15:04")
	}
	return t.In(p.Zone).Format("15:04 02/01/2006")
}

// Time writes a local time of day: 14:05.
func (p *Printer) Time(t time.Time) string { return t.In(p.Zone).Format("15:04") }

type key struct{}

// With puts the printer into ctx, for pages.
func With(ctx context.Context, p *Printer) context.Context { return context.WithValue(ctx, key{}, p) }

// From is the printer in ctx. A page without one is a defect: it panics.
func From(ctx context.Context) *Printer { return ctx.Value(key{}).(*Printer) }

// T is From(ctx).T, short because pages are full of it.
func T(ctx context.Context, key string, kv ...any) string { return From(ctx).T(key, kv...) }
