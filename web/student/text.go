package student

import (
	"context"

	"lenlop/web/locale"
)

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
