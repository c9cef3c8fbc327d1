package notice

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// HTML makes a body fit to be shown: Markdown with tables and bare links, no
// markup of its own, and nothing left afterwards that is not text, a list, a
// table or a link. No picture is loaded from anywhere.
func HTML(body string) (string, error) {
	var out bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Linkify, extension.Strikethrough))
	if err := md.Convert([]byte(body), &out); err != nil {
		return "", fmt.Errorf("notice body: %w", err)
	}
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "strong", "em", "del", "ul", "ol", "li", "blockquote", "code", "pre", "hr",
		"h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("href").Matching(addresses).OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowRelativeURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	return shift.ReplaceAllStringFunc(p.Sanitize(out.String()), func(tag string) string {
		// The page has its own h1 and the notice's title is an h1 or h2.
		level := min(tag[len(tag)-1]-'0'+2, 6)
		return fmt.Sprintf("%s%d", tag[:len(tag)-1], level)
	}), nil
}

// addresses are what links lead to: "//host" reads like a page of ours and leads
// to another site.
var addresses = regexp.MustCompile(`(?i)^(https?://|mailto:|tel:|#|/$|/[^/\\])`)

var shift = regexp.MustCompile(`</?h[1-6]`)

// Plain is a body as a letter's text: Markdown reads well as it is.
func Plain(body string) string { return strings.TrimSpace(body) }
