package department

import (
	"context"
	"strconv"

	"lenlop/services/viewership"
	"lenlop/services/viewership/disclosure"
	"lenlop/web/locale"
)

// since compares a number of a week with the week before; what either hides
// is not compared.
func since(ctx context.Context, t table, now int64, of func(viewership.Row) int64) string {
	if t.Before == nil || t.Total.Mark != disclosure.Shown || t.Before.Mark != disclosure.Shown {
		return ""
	}
	return compared(ctx, now, of(t.Before.Row), locale.From(ctx).Number(of(t.Before.Row)))
}

func sinceTime(ctx context.Context, t table) string {
	if t.Before == nil || t.Total.Mark != disclosure.Shown || t.Before.Mark != disclosure.Shown {
		return ""
	}
	return compared(ctx, int64(t.Total.WatchSeconds), int64(t.Before.WatchSeconds), watched(ctx, t.Before.WatchSeconds))
}

func sinceAirings(ctx context.Context, t table) string {
	if t.Before == nil {
		return ""
	}
	return compared(ctx, t.Total.Airings, t.Before.Airings, locale.From(ctx).Number(t.Before.Airings))
}

// compared words a number of the week before, and how much more or less this
// week has, in percent.
func compared(ctx context.Context, now, then int64, words string) string {
	const key = "department.before"
	change := locale.T(ctx, "department.change_none")
	switch {
	case then == 0 && now > 0:
		return locale.T(ctx, key, "n", words)
	case now > then:
		change = locale.T(ctx, "department.change_more", "p", percent(now-then, then))
	case now < then:
		change = locale.T(ctx, "department.change_less", "p", percent(then-now, then))
	}
	return locale.T(ctx, key, "n", words) + " (" + change + ")"
}

// comparedWith says which days the week stands beside.
func comparedWith(t table) string {
	if t.Before.SameDays {
		return "department.before_days"
	}
	return "department.before_week"
}

// percent is how many hundredths part is of whole, rounded, at least one.
func percent(part, whole int64) string {
	return strconv.FormatInt(max(1, (100*part+whole/2)/whole), 10)
}
