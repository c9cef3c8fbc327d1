package student

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"lenlop/web/locale"
	"lenlop/web/page"
)

// keptPath is the page of lessons that a device keeps. Which they are only the
// device knows; the page is the same for everybody.
const keptPath = "/kept"

func (r Handler) kept(c echo.Context) error { return render(c, keptLessons()) }

// keepable reports whether the lesson can be kept on a device: it is for
// everybody, whole, and there is a plain file of it.
func (p lessonPage) keepable() bool {
	return p.public && !p.player.Growing && len(p.player.Files) > 0
}

func (p lessonPage) scripts() []string {
	s := p.player.Scripts()
	if len(s) > 0 {
		s = append([]string{"lesson-actions.js"}, s...) // it sets the start before the player reads it
	}
	if p.keepable() {
		s = append(s, "offline-button.js")
	}
	if p.questions.board.Ask {
		s = append(s, "timestamp-field.js")
	}
	if len(p.questions.parts) > 0 {
		s = append(s, "thumbs.js")
	}
	return s
}

// about is what the offline page says of a lesson: subject, grade and teacher.
func (p lessonPage) about(ctx context.Context) string {
	s := p.subject + " · " + locale.T(ctx, "grade.name", "n", p.lesson.Grade)
	if p.teacher != "" {
		s += " · " + p.teacher
	}
	return s
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 3, 64) }

// manifest tells browsers how to put the site among a phone's apps.
func (r Handler) manifest(c echo.Context) error {
	ctx := c.Request().Context()
	type icon struct {
		Src     string `json:"src"`
		Sizes   string `json:"sizes"`
		Type    string `json:"type"`
		Purpose string `json:"purpose,omitempty"`
	}
	var icons []icon
	for _, n := range []int{192, 512} {
		icons = append(icons, icon{page.Asset(ctx, fmt.Sprintf("icon-%d.png", n)), fmt.Sprintf("%dx%d", n, n),
			"image/png", ""})
	}
	icons = append(icons, icon{page.Asset(ctx, "icon-512.png"), "512x512", "image/png", "maskable"},
		icon{page.Asset(ctx, "icon.svg"), "any", "image/svg+xml", ""})
	raw, err := json.Marshal(map[string]any{
		"id": "/", "name": locale.T(ctx, "site.name"), "short_name": locale.T(ctx, "site.name"),
		"description": locale.T(ctx, "site.motto"),
		"lang":        string(locale.From(ctx).Lang), "start_url": "/", "scope": "/", "display": "standalone",
		"background_color": "#ffffff", "theme_color": "#0b6b5e", "icons": icons,
		"shortcuts": []map[string]any{{"name": locale.T(ctx, "kept.title"), "url": keptPath}},
	})
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=3600")
	return c.Blob(http.StatusOK, "application/manifest+json", raw)
}
