package student

import (
	"context"

	"lenlop/web/locale"
)

// lessonScripts are the islands of a lesson's page; none without a player.
func lessonScripts(p lessonPage) []string {
	if p.hls == "" {
		return nil
	}
	return []string{"player.js"}
}

// speedName writes a speed as people say it.
func speedName(ctx context.Context, s string) string {
	switch s {
	case "0.75":
		return locale.From(ctx).Decimal(0.75, 2) + "×"
	case "1.25":
		return locale.From(ctx).Decimal(1.25, 2) + "×"
	case "1.5":
		return locale.From(ctx).Decimal(1.5, 1) + "×"
	}
	return s + "×"
}

// cardLocale is the page's language as Open Graph writes it.
func cardLocale(ctx context.Context) string {
	if locale.From(ctx).Lang == locale.En {
		return "en_GB"
	}
	return "vi_VN"
}

// cardText is the sentence below a link.
func cardText(ctx context.Context, p lessonPage) string {
	if s := summary(p.lesson.Description); s != "" {
		return s
	}
	return locale.T(ctx, "lesson.card", "subject", p.subject, "n", p.lesson.Grade, "teacher", p.teacher)
}
