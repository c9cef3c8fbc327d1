package schedule

import (
	"html"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	guideParts     = regexp.MustCompile(`<(?:channel|programme)[\s>]`)
	guideReference = regexp.MustCompile(`&(?:#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z]{2,8};)?`)
	guideLabel     = regexp.MustCompile(`(?i)^\s*<\?xml[^>]*encoding\s*=\s*["']([a-z0-9_-]+)["']`)
	guideAttribute = regexp.MustCompile(`\b(channel|start|stop)\s*=\s*["']([^"'<>]*)["']`)
	guideTitle     = regexp.MustCompile(`<title[^>]*>([^\n<]*)(?:<|$)`)
)

// mendGuide reads the channels and programmes of a file with wrong XML one by
// one. A bare & and signs that XML does not allow are put right; a part that
// cannot be read even so is a broken programme. ok is false when none can be read.
func mendGuide(data []byte) (g rawGuide, ok bool) {
	text := string(data)
	if m := guideLabel.FindStringSubmatch(text); m != nil && !utf8.Valid(data) {
		if r, err := charset(m[1], strings.NewReader(text)); err == nil {
			if all, err := io.ReadAll(r); err == nil {
				text = string(all)
			}
		}
	}
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if strings.Contains(strings.ToUpper(text), "<!ENTITY") || !strings.Contains(text, "<tv") {
		return g, false
	}
	g.names = map[string]string{}
	know := func(id string) {
		if _, known := g.names[id]; !known {
			g.names[id] = ""
			g.order = append(g.order, id)
		}
	}
	starts := guideParts.FindAllStringIndex(text, maxGuideElements)
	for i, at := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		part := text[at[0]:end]
		for _, closing := range []string{"</programme>", "</channel>"} {
			if before, _, found := strings.Cut(part, closing); found {
				part = before + closing
			}
		}
		one, err := readGuideTokens([]byte("<tv>" + guideReference.ReplaceAllStringFunc(part, reference) + "</tv>"))
		switch {
		case err == nil:
			for _, id := range one.order {
				know(id)
				if g.names[id] == "" {
					g.names[id] = one.names[id]
				}
			}
			g.list = append(g.list, one.list...)
		case strings.HasPrefix(part, "<programme"):
			p := brokenProgramme(part)
			if p.channel != "" {
				know(p.channel)
			}
			g.list = append(g.list, p)
		}
	}
	return g, slices.ContainsFunc(g.list, func(p rawProgramme) bool { return !p.broken })
}

// reference is an entity as XML knows it.
func reference(s string) string {
	switch s {
	case "&amp;", "&lt;", "&gt;", "&quot;", "&apos;":
		return s
	}
	if strings.HasPrefix(s, "&#") {
		return s
	}
	if known := html.UnescapeString(s); known != s {
		return html.EscapeString(known)
	}
	return "&amp;" + s[1:]
}

// brokenProgramme is what can be told of a programme that cannot be read.
func brokenProgramme(part string) rawProgramme {
	p := rawProgramme{broken: true}
	head, _, _ := strings.Cut(part, ">")
	for _, m := range guideAttribute.FindAllStringSubmatch(head, 10) {
		switch value := strings.TrimSpace(m[2]); m[1] {
		case "channel":
			p.channel = html.UnescapeString(value)
		case "start":
			p.start = value
		case "stop":
			p.stop = value
		}
	}
	if m := guideTitle.FindStringSubmatch(part); m != nil {
		p.title = clean(html.UnescapeString(m[1]))
	}
	return p
}
