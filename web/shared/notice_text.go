package shared

import (
	"context"
	"strconv"
	"strings"
	"time"

	"lenlop/services/notice"
	"lenlop/web/locale"
)

// whom is the form's name of an audience.
func noticeRecipients(n notice.Notice) string {
	switch {
	case n.Staff:
		return "staff"
	case len(n.Classes) > 0:
		return "classes"
	case len(n.Grades) > 0:
		return "grades"
	}
	return "all"
}

// audience says in words whom a notice is for.
func noticeAudience(ctx context.Context, n notice.Notice) string {
	if n.PersonID != "" {
		return locale.T(ctx, "notice.for_you")
	}
	switch noticeRecipients(n) {
	case "staff":
		return locale.T(ctx, "notice.for_staff")
	case "classes":
		return locale.T(ctx, "notice.to_classes", "n", len(n.Classes))
	case "grades":
		list := make([]string, len(n.Grades))
		for i, g := range n.Grades {
			list[i] = strconv.Itoa(g)
		}
		return locale.T(ctx, "notice.to_grades", "grades", strings.Join(list, ", "))
	}
	return locale.T(ctx, "notice.for_all")
}

// state is the key of what keeps a notice from being seen, or "".
func noticeState(n notice.Notice, now time.Time) string {
	switch {
	case !n.WithdrawnAt.IsZero():
		return "notice.is_withdrawn"
	case n.PublishAt.After(now):
		return "notice.is_planned"
	case !n.EndsAt.IsZero() && !now.Before(n.EndsAt):
		return "notice.is_over"
	}
	return ""
}

// when is a time for an input of type datetime-local; the zero time is empty.
func noticeTime(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(localTimeLayout)
}
