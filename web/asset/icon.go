package asset

import (
	"context"
	"embed"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/a-h/templ"
)

// The shapes of the icons, cut from lucide-static (ISC; icons/LICENSE) by
// icons.mjs; inlined into pages, so that none costs a request.
//
//go:embed icons/*.svg
var shapes embed.FS

var icons = readIcons()

func readIcons() map[string]string {
	names, err := fs.Glob(shapes, "icons/*.svg")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	m := make(map[string]string, len(names))
	for _, n := range names {
		raw, err := fs.ReadFile(shapes, n)
		if err != nil {
			panic(err) // embedded files are always there
		}
		m[strings.TrimSuffix(path.Base(n), ".svg")] = `<svg class="icon" viewBox="0 0 24 24" fill="none" ` +
			`stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" ` +
			`aria-hidden="true">` +
			strings.TrimSpace(string(raw)) + `</svg>`
	}
	return m
}

// Icon draws an icon of the folder icons/ by its name ("play"), as big as the
// text beside it. It is decoration: the words beside it carry the meaning. An
// unknown name is a defect: it panics, and the page's test finds it.
func Icon(name string) templ.Component {
	svg, ok := icons[name]
	if !ok {
		panic("asset: no icon " + name)
	}
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, svg)
		return err
	})
}
