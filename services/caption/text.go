package caption

import (
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean brings the text of one caption to the only form that is stored. Of
// tags <b>, <i> and <u> remain, each closed; in a file every other tag is left
// out and its words stay, while in the editor, where a teacher means what is
// typed, it is shown as it stands. Control characters and those that turn the
// direction of writing are left out.
func clean(text string, file bool) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	if file {
		text = withoutOverrides(text)
	}
	var out strings.Builder
	var open []string
	shut := func(to int) {
		for len(open) > to {
			out.WriteString("</" + open[len(open)-1] + ">")
			open = open[:len(open)-1]
		}
	}
	words := func(s string) {
		if file {
			s = html.UnescapeString(s)
		}
		out.WriteString(escape(plainRunes(s)))
	}
	for text != "" {
		i := strings.IndexByte(text, '<')
		if i < 0 {
			words(text)
			break
		}
		words(text[:i])
		text = text[i:]
		tag, name, closing := tagAt(text)
		switch {
		case tag == "" || !simple(name) && !file:
			words("<")
			text = text[1:]
			continue
		case !simple(name):
		case !closing:
			open = append(open, name)
			out.WriteString("<" + name + ">")
		default:
			for at, o := range slices.Backward(open) {
				if o == name {
					shut(at)
					break
				}
			}
		}
		text = text[len(tag):]
	}
	shut(0)
	return lines(out.String())
}

func simple(tag string) bool { return tag == "b" || tag == "i" || tag == "u" }

// tagAt gives the tag that s begins with, its name in small letters, and
// whether it closes; "" when the bracket is only a bracket ("3 < 5").
func tagAt(s string) (tag, name string, closing bool) {
	end := strings.IndexByte(s, '>')
	if end < 2 {
		return "", "", false
	}
	inside := s[1:end]
	if closing = inside[0] == '/'; closing {
		inside = inside[1:]
	}
	if inside == "" || !strings.ContainsRune("!?:", rune(inside[0])) && !isWord(inside[0]) ||
		strings.ContainsRune(inside, '<') {
		return "", "", false
	}
	name, _, _ = strings.Cut(strings.ToLower(inside), " ")
	name, _, _ = strings.Cut(name, ".")
	return s[:end+1], strings.TrimSuffix(name, "/"), closing
}

func isWord(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// withoutOverrides drops what SubStation files write in braces: "{\an8}".
func withoutOverrides(s string) string {
	for {
		from := strings.Index(s, `{\`)
		if from < 0 {
			return s
		}
		to := strings.IndexByte(s[from:], '}')
		if to < 0 {
			return s
		}
		s = s[:from] + s[from+to+1:]
	}
}

// escape writes text as WebVTT has it; a bracket can then begin no tag, and
// "-->" no new caption.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// plainRunes leaves out what does not belong into a text for children: control
// characters, marks that turn the direction of writing, halves of characters.
func plainRunes(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t' || r == '\u00a0' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
}

// lines trims each line and drops empty ones: an empty line would end the
// caption.
func lines(s string) string {
	var kept []string
	for l := range strings.SplitSeq(s, "\n") {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}

// Plain is a caption's text without any markup, for search and transcripts.
func Plain(text string) string {
	return html.UnescapeString(markup.Replace(text))
}

// Typed is a caption's text as it stands in the editor's field.
func Typed(text string) string { return html.UnescapeString(text) }

var markup = strings.NewReplacer("<b>", "", "</b>", "", "<i>", "", "</i>", "", "<u>", "", "</u>", "")
