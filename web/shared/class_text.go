package shared

import (
	"context"

	"lenlop/services/school"
	"lenlop/web/locale"
)

// called is a student's name, or their place in the list when the school keeps
// codes only, with the key's first letters to tell them apart.
func studentLabel(ctx context.Context, i int, s school.Student) string {
	if s.Name != "" {
		return s.Name
	}
	return locale.T(ctx, "class.nameless", "n", i+1, "key", s.Key[:min(4, len(s.Key))])
}
